"""What turns a master into a stream: ffmpeg and Shaka Packager, asked as processes. No SQL, no queue."""
