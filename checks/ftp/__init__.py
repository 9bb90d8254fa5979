"""What is wrong with FTP services."""
