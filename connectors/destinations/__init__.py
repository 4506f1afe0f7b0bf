"""Where packages go: a folder, a server over SFTP, a bucket over S3."""
