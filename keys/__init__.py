"""Private keys of the issuing authority: signers, certificates and their life-cycle."""
