"""What a user brings: a float model made fit for conversion, what it is for, and pictures to calibrate and to prove it with."""
