"""What tests stand on: real servers, child processes, waiting without sleeping blindly."""
