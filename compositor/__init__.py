"""Composites a painting's style onto one frame (not Blender's compositor: the neural style engine)."""

import os

# MKL's products otherwise differ in the last bits with the alignment of their memory, which is another one in
# each process, on processors without AVX-512. MKL reads this when it is first used.
os.environ.setdefault("MKL_CBWR", "AUTO,STRICT")
