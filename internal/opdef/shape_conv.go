package opdef

import (
	"slices"

	"github.com/metagraph/metagraph/internal/tensor"
)

// A layout gives the positions of the dimensions in an image or volume.
type layout struct {
	channels int
	spatial  []int
}

// layout returns the layout that data_format names. ok is false if the format is not supported.
func (c *inference) layout(spatial int) (l layout, ok bool) {
	switch c.stringAttr("data_format") {
	case "", "NHWC", "NDHWC":
		l.channels = spatial + 1
		for i := range spatial {
			l.spatial = append(l.spatial, i+1)
		}
	case "NCHW", "NCDHW":
		l.channels = 1
		for i := range spatial {
			l.spatial = append(l.spatial, i+2)
		}
	default:
		return l, false
	}
	return l, true
}

// lengths returns a list attr that has one entry per dimension.
func (c *inference) lengths(name string, rank int) []int64 {
	v := c.intsAttr(name)
	if len(v) != rank {
		c.fail("attr %s has %d values and must have %d", name, len(v), rank)
		return slices.Repeat([]int64{1}, rank)
	}
	return v
}

// A window slides along one spatial dimension.
type window struct {
	size, dilation, stride int64
	before, after          int64 // used with padding EXPLICIT
}

// windowed returns the number of window positions in a dimension (GetWindowedOutputSizeFromDimsV2).
func (c *inference) windowed(input int64, w window, padding string) int64 {
	const most = 1 << 31 // sums and products of values below this do not overflow
	switch {
	case w.stride <= 0:
		c.fail("the stride is %d and must be positive", w.stride)
		return unknown
	case w.dilation < 1:
		c.fail("the dilation is %d and must be at least 1", w.dilation)
		return unknown
	case input < 0 || max(input, w.stride, w.dilation, w.size, w.before, w.after) > most:
		return unknown
	case padding == "SAME":
		return (input + w.stride - 1) / w.stride
	case padding == "EXPLICIT":
		input += w.before + w.after
	}
	if w.size < 0 || input < 0 {
		return unknown
	}
	covered := max(w.size-1, 0)*w.dilation + min(w.size, 1)
	if w.dilation == 1 {
		covered = w.size
	}
	if covered > input {
		c.fail("the window of %d does not fit the dimension of %d", covered, input)
		return unknown
	}
	return (input - covered + w.stride) / w.stride
}

// explicitPaddings returns the attr explicit_paddings. It must hold two numbers per dimension with padding EXPLICIT,
// and none otherwise (CheckValidPadding).
func (c *inference) explicitPaddings(padding string, rank int, l layout) []int64 {
	v := c.intsAttr("explicit_paddings")
	if padding != "EXPLICIT" {
		if len(v) > 0 {
			c.fail("attr explicit_paddings must be empty with padding %s", padding)
		}
		return make([]int64, 2*rank)
	}
	if len(v) != 2*rank {
		c.fail("attr explicit_paddings has %d values and must have %d", len(v), 2*rank)
		return make([]int64, 2*rank)
	}
	for i, p := range v {
		if p < 0 {
			c.fail("attr explicit_paddings has the negative value %d", p)
		}
		if d := i / 2; (d == 0 || d == l.channels) && p != 0 {
			c.fail("attr explicit_paddings pads the batch or the channels")
		}
	}
	return v
}

// convolution handles Conv2D and Conv3D.
func convolution(spatial int) shapeRule {
	return func(c *inference) {
		rank := spatial + 2
		l, ok := c.layout(spatial)
		if !ok {
			return
		}
		in, filter := c.rank(0, rank), c.rank(1, rank)
		channels, taken, made := in[l.channels], filter[spatial], filter[spatial+1]
		c.checkGroups(channels, taken, made)
		out := UnknownShape(rank)
		out[0], out[l.channels] = in[0], made
		c.slide(out, in, filter, l)
		c.set(0, out)
	}
}

// checkGroups checks that the input channels divide into groups of the filter's depth.
func (c *inference) checkGroups(channels, taken, made int64) {
	if channels < 0 || taken < 0 {
		return
	}
	switch {
	case taken == 0:
		c.fail("the filter takes 0 channels")
	case channels%taken != 0:
		c.fail("the input has %d channels and the filter takes %d", channels, taken)
	case channels/taken > 1 && made >= 0 && made%(channels/taken) != 0:
		c.fail("the filter makes %d channels, which %d groups do not divide", made, channels/taken)
	}
}

// slide sets the spatial dimensions of out to the result of sliding the filter over in.
func (c *inference) slide(out, in, filter tensor.Shape, l layout) {
	rank := len(in)
	strides, dilations := c.lengths("strides", rank), c.lengths("dilations", rank)
	padding := c.stringAttr("padding")
	explicit := c.explicitPaddings(padding, rank, l)
	for i, at := range l.spatial {
		by := at
		if len(l.spatial) == 3 && i > 0 {
			by = l.spatial[3-i] // Conv3DShape takes the dilation of the rows for the columns, and the other way round
		}
		out[at] = c.windowed(in[at], window{filter[i], dilations[by], strides[at], explicit[2*at], explicit[2*at+1]}, padding)
	}
}

// depthwise handles DepthwiseConv2dNative.
func depthwise(c *inference) {
	l, ok := c.layout(2)
	if !ok {
		return
	}
	in, filter := c.rank(0, 4), c.rank(1, 4)
	channels := c.mergeDim(in[l.channels], filter[2], "the channels of the input and of the filter")
	out := UnknownShape(4)
	out[0], out[l.channels] = in[0], times(channels, filter[3])
	c.slide(out, in, filter, l)
	c.set(0, out)
}

// transposedConvolution handles Conv2DBackpropInput, which is both the gradient of Conv2D and tf.nn.conv2d_transpose.
func transposedConvolution(c *inference) {
	l, ok := c.layout(2)
	if !ok {
		return
	}
	grad, filter := c.rank(2, 4), c.rank(1, 4)
	c.mergeDim(grad[l.channels], filter[3], "the channels of input 2 and those that the filter makes")
	sizes := c.shapeValue(0)
	out := UnknownShape(4)
	switch {
	case sizes == nil:
	case len(sizes) == 4:
		copy(out, sizes)
		c.mergeDim(sizes[0], grad[0], "the batch in input_sizes and that of input 2")
	case len(sizes) == 2:
		out[l.spatial[0]], out[l.spatial[1]], out[l.channels] = sizes[0], sizes[1], filter[2]
	default:
		c.fail("input_sizes must have 4 or 2 values and has %d", len(sizes))
	}
	out[0] = grad[0]
	c.set(0, out)
}

// shapeInput returns the rule for ops whose output has the shape, of rank n, in input i.
func shapeInput(i, n int) shapeRule {
	return func(c *inference) {
		s := c.shapeValue(i)
		if n >= 0 {
			if s != nil && len(s) != n {
				c.fail("input %d must represent a shape of rank %d, but has %d values", i, n, len(s))
			}
			s = c.withRank(s, n, i)
		}
		c.set(0, s)
	}
}

// pool handles MaxPool and AvgPool. Only MaxPool supports windows over channels.
func pool(spatial int, channels bool) shapeRule {
	return func(c *inference) {
		rank := spatial + 2
		l, ok := c.layout(spatial)
		if !ok {
			return
		}
		in := c.rank(0, rank)
		strides, sizes := c.lengths("strides", rank), c.lengths("ksize", rank)
		padding := c.stringAttr("padding")
		explicit := make([]int64, 2*rank)
		if c.Attr("explicit_paddings") != nil {
			explicit = c.explicitPaddings(padding, rank, l)
		}
		out := slices.Clone(in)
		at := l.spatial
		if channels {
			at = append(at, l.channels)
		}
		for _, i := range at {
			out[i] = c.windowed(in[i], window{sizes[i], 1, strides[i], explicit[2*i], explicit[2*i+1]}, padding)
		}
		c.setAll(out)
	}
}

// batchNorm handles all versions of FusedBatchNorm.
func batchNorm(c *inference) {
	l, rank, ok := c.normLayout()
	if !ok {
		return
	}
	in := c.rank(0, rank)
	vectors := 5
	if c.boolAttr("is_training") {
		vectors = 3 // mean and variance may be empty
	}
	channels := in[l.channels]
	for i := 1; i < vectors; i++ {
		channels = c.mergeDim(channels, c.rank(i, 1)[0], "the channels of the input and the length of scale, offset, mean and variance")
	}
	c.setAll(tensor.Shape{channels})
	c.set(0, replace(in, l.channels, channels))
	c.set(5, nil)
}

// normLayout returns the layout of a batch normalization. Only V3 supports volumes.
func (c *inference) normLayout() (layout, int, bool) {
	spatial := 2
	if f := c.stringAttr("data_format"); f == "NDHWC" || f == "NCDHW" {
		spatial = 3
	}
	l, ok := c.layout(spatial)
	return l, spatial + 2, ok
}

// batchNormGrad handles the gradient of FusedBatchNorm.
func batchNormGrad(c *inference) {
	l, rank, ok := c.normLayout()
	if !ok {
		return
	}
	grad, in := c.rank(0, rank), c.rank(1, rank)
	channels := c.mergeDim(grad[l.channels], in[l.channels], "the channels of the gradient and the input")
	for i := 2; i < 5; i++ {
		channels = c.mergeDim(channels, c.rank(i, 1)[0], "the channels of the input and the length of scale, mean and variance")
	}
	c.setAll(tensor.Shape{channels})
	c.set(0, replace(grad, l.channels, channels))
	c.set(3, tensor.Shape{0})
	c.set(4, tensor.Shape{0})
}

// resize handles ops like ResizeBilinear: NHWC images resized to the size in input 1.
func resize(c *inference) {
	in := c.rank(0, 4)
	c.setImages(in[0], in[3], 1)
}

// setImages sets the output to n images with the size in input i, which has the height and the width.
func (c *inference) setImages(n, channels int64, i int) {
	c.mergeDim(c.rank(i, 1)[0], 2, "the number of sizes and of spatial dimensions")
	out := tensor.Shape{n, unknown, unknown, channels}
	if v, ok := c.value(i); ok && len(v) == 2 {
		out[1], out[2] = max(unknown, v[0]), max(unknown, v[1])
	}
	c.set(0, out)
}

// cropAndResize crops boxes from images.
func cropAndResize(c *inference) {
	image, boxes, numbers := c.rank(0, 4), c.rank(1, 2), c.rank(2, 1)
	n := c.mergeDim(boxes[0], numbers[0], "the number of boxes and of box indices")
	c.mergeDim(boxes[1], 4, "the length of a box")
	c.setImages(n, image[3], 3)
}

// depthToSpace moves channels into spatial dimensions; spaceToDepth does the reverse.
func depthToSpace(c *inference) {
	moveBlocks(c, func(channels, area int64) int64 { return c.divide(channels, area, "the channels") }, times)
}

func spaceToDepth(c *inference) {
	moveBlocks(c, times, func(size, block int64) int64 { return c.divide(size, block, "the spatial dimension") })
}

// moveBlocks changes the number of channels by the area of a block, and the spatial dimensions by its side.
func moveBlocks(c *inference, channels, spatial func(size, by int64) int64) {
	l, ok := c.layout(2)
	in := c.rank(0, 4)
	block := c.intAttr("block_size")
	if !ok || block < 1 || block > 1<<15 {
		return
	}
	out := slices.Clone(in)
	out[l.channels] = channels(in[l.channels], block*block)
	for _, i := range l.spatial {
		out[i] = spatial(in[i], block)
	}
	c.set(0, out)
}

// divide divides a dimension, which must be a multiple of b.
func (c *inference) divide(a, b int64, what string) int64 {
	switch {
	case a < 0:
		return unknown
	case b <= 0 || a%b != 0:
		c.fail("%s of %d cannot be divided by %d", what, a, b)
		return unknown
	}
	return a / b
}
