"""Submit to Farm: what a farm's job has of the scene, its plan, its job, and the job type of Flamenco."""
