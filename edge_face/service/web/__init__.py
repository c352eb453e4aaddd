"""What the pages may ask of the daemon: less than the control socket, each command for a role, checked here and not in the web process."""
