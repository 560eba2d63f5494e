"""`blender-nst farm run`: the chunks of a run on the workers of a scheduler of Dask."""
