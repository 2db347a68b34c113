package opdef

// The shape rules of the ops of a saver (tensorflow/core/ops/io_ops.cc).

// scalars handles ops whose inputs are all scalars.
func scalars(c *inference) {
	for i := range c.Inputs {
		c.rank(i, 0)
	}
}

// scalarsOnly handles ops whose inputs and outputs are all scalars.
func scalarsOnly(c *inference) {
	scalars(c)
	scalarOut(c)
}

// save handles ops whose inputs are a file, vectors with one element for each saved tensor, and these tensors.
func save(vectors int) shapeRule {
	return func(c *inference) {
		c.rank(0, 0)
		for i := 1; i <= vectors; i++ {
			c.mergeDim(dim(c.rank(i, 1), 0), int64(len(c.Inputs)-1-vectors), "numbers of tensors")
		}
	}
}

// restore handles RestoreV2.
func restore(c *inference) {
	c.rank(0, 0)
	c.merge(c.rank(1, 1), c.rank(2, 1), "names and slices")
}

// mergeCheckpoints handles MergeV2Checkpoints.
func mergeCheckpoints(c *inference) {
	c.rank(0, 1)
	c.rank(1, 0)
}
