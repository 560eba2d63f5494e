"""What a person looks at afterwards: contact sheets, snapshots, debug images, metrics."""
