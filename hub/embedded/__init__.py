"""PostgreSQL and Valkey as child processes, and the supervision of everything `hub up` starts."""
