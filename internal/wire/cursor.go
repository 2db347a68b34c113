package wire

import "sort"

// A Cursor reads a Rope sequentially from any position, without a search for each read. It starts at position 0. The
// Rope must not grow meanwhile.
type Cursor struct {
	rope  *Rope
	chunk int
	piece int
	start int64 // the position of the first byte of the piece
	pos   int64
}

// Cursor returns a Cursor over the message.
func (r *Rope) Cursor() *Cursor { return &Cursor{rope: r} }

// MoveTo moves to position pos, which must not exceed the size of the message.
func (c *Cursor) MoveTo(pos int64) {
	if pos < 0 || pos > c.rope.size {
		panic("wire: move outside the rope")
	}
	c.rope.index()
	starts := c.rope.starts
	if len(starts) > 0 && (pos < starts[c.chunk] || c.chunk+1 < len(starts) && pos >= starts[c.chunk+1]) {
		c.chunk = max(sort.Search(len(starts), func(i int) bool { return starts[i] > pos })-1, 0)
		c.piece, c.start = 0, starts[c.chunk]
	}
	for pos < c.start {
		c.piece--
		c.start -= int64(len(c.rope.chunks[c.chunk][c.piece]))
	}
	c.pos = pos
	c.settle()
}

// settle moves to the piece that holds pos. At the end of the message, it moves past the last piece.
func (c *Cursor) settle() {
	chunks := c.rope.chunks
	for c.chunk < len(chunks) {
		for c.piece < len(chunks[c.chunk]) {
			end := c.start + int64(len(chunks[c.chunk][c.piece]))
			if c.pos < end {
				return
			}
			c.start = end
			c.piece++
		}
		if c.chunk+1 == len(chunks) {
			return
		}
		c.chunk++
		c.piece = 0
	}
}

// Window returns the rest of the piece at the cursor, which is empty at the end of the message. It does not move the
// cursor.
func (c *Cursor) Window() []byte {
	if c.pos >= c.rope.size {
		return nil
	}
	return c.rope.chunks[c.chunk][c.piece][c.pos-c.start:]
}

// Append appends the next n bytes to dst and moves past them. It panics if the message is shorter.
func (c *Cursor) Append(dst []byte, n int64) []byte {
	if n > c.rope.size-c.pos {
		panic("wire: read outside the rope")
	}
	for n > 0 {
		part := c.Window()
		if int64(len(part)) > n {
			part = part[:n]
		}
		dst = append(dst, part...)
		n -= int64(len(part))
		c.pos += int64(len(part))
		c.settle()
	}
	return dst
}
