"""Side studies: architecture rankings, few-shot learning, data-set advice. Arrays in, arrays and numbers out."""
