"""The protocols that a server speaks, one file each: what other servers' clients send and get."""
