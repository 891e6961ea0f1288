"""``python -m vae_analyze``: the command line."""

from vae_analyze.cli.main import main

if __name__ == "__main__":
    main()
