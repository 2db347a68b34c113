package text

// Pool is the descriptor pool of TensorFlow, for tests.
var Pool = pool
