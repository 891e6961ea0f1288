import vae_analyze
from vae_analyze.analyzers.robustness import Robustness

run = vae_analyze.analyze(
    "checkpoints/digits-vae.pt", [Robustness(sigma=(0.1, 0.2))], samples=200, out="reports/from-python"
)
found = run["robustness"]
print(found.scalar("latent_nmse", sigma=0.1).value)  # with .low, .high, .unit, .n, .definition
print(found.to_frame()[["name", "params", "value", "low", "high"]])  # every number as a pandas frame
print(found.readings[0])  # the sentence to remember

model = vae_analyze.load("checkpoints/digits-vae.pt")  # .vae encodes and decodes, .card says what it is
data = vae_analyze.open_data("digits:test")  # samples by index: data.read([0, 1, 2]).x
again = vae_analyze.analyze(model, ["robustness"], data=data, samples=200)
