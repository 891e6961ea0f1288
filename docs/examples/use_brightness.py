import vae_analyze
from brightness import Brightness

run = vae_analyze.analyze("checkpoints/digits-vae.pt", [Brightness(factor=0.5)], samples=200)
print(run["brightness"].to_frame())
