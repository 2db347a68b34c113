package wire

import (
	"encoding/binary"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// A Builder assembles a message, field by field, from windows on old bytes and from new bytes. The zero value is
// ready to use. Builder keeps references to the slices passed to Window and to large ones passed to Bytes, so they
// must not change.
type Builder struct {
	rope   Rope
	window []byte // a window that the next one may extend; not yet in the rope
	behind []byte // what follows the last window of the last chunk, as in chunk.pieces; nil if there is none
}

const (
	// copyBelow is the size below which a window is copied if it does not follow the last one in the same array.
	copyBelow = 32
	// headerRoom is the space that Message reserves for a tag and a length: five bytes for each.
	headerRoom = 10
)

// Window appends whole fields of an old message without copying them.
func (b *Builder) Window(p []byte) {
	if len(p) == 0 {
		return
	}
	if gap, ok := distance(b.window, p); ok && gap == 0 {
		b.window = b.window[:len(b.window)+len(p)]
		return
	}
	b.flush()
	if _, ok := distance(b.behind, p); !ok && len(p) < copyBelow {
		b.Copy(p)
		return
	}
	b.window = p
}

// distance returns the number of bytes between the end of a and the beginning of p. It returns false unless p is
// after a, within the capacity of a.
func distance(a, p []byte) (int, bool) {
	end := uintptr(unsafe.Pointer(unsafe.SliceData(a))) + uintptr(len(a))
	gap := uintptr(unsafe.Pointer(unsafe.SliceData(p))) - end // huge if p comes first
	room := uintptr(cap(a) - len(a))
	return int(gap), gap <= room && uintptr(len(p)) <= room-gap
}

// flush appends b.window to the rope.
func (b *Builder) flush() {
	p := b.window
	if len(p) == 0 {
		return
	}
	c := b.room(2 * maxVarint)
	if gap, ok := distance(b.behind, p); ok {
		c.code = appendPiece(c.code, nextWindow, len(p))
		c.code = appendVarint(c.code, uint64(gap))
	} else {
		c.code = appendPiece(c.code, sourceWindow, len(p))
		c.sources = append(c.sources, p)
	}
	c.size += int64(len(p))
	b.rope.size += int64(len(p))
	b.window, b.behind = nil, p[len(p):]
}

// appendPiece appends the kind and the size of a piece.
func appendPiece(code []byte, kind pieceKind, size int) []byte {
	return appendVarint(code, uint64(size)<<kindBits|uint64(kind))
}

// appendVarint is protowire.AppendVarint. It is faster for small numbers, of which a large graph has millions.
func appendVarint(code []byte, v uint64) []byte {
	switch {
	case v < 1<<7:
		return append(code, byte(v))
	case v < 1<<14:
		return append(code, byte(v)|0x80, byte(v>>7))
	}
	return protowire.AppendVarint(code, v)
}

// literal begins a piece of size bytes, which the caller appends to the chunk's code.
func (b *Builder) literal(size int) *chunk {
	b.flush()
	c := b.room(maxVarint + size)
	c.code = appendPiece(c.code, literal, size)
	c.size += int64(size)
	b.rope.size += int64(size)
	return c
}

// Copy appends a copy of p, which must hold whole fields.
func (b *Builder) Copy(p []byte) {
	if len(p) > 0 {
		c := b.literal(len(p))
		c.code = append(c.code, p...)
	}
}

// Replace appends a copy of p in place of old, which must hold whole fields. If both end alike, most of the common end is
// a window on old.
func (b *Builder) Replace(old, p []byte) {
	same := 0
	for n := min(len(old), len(p)); same+8 <= n && binary.LittleEndian.Uint64(old[len(old)-same-8:]) == binary.LittleEndian.Uint64(p[len(p)-same-8:]); {
		same += 8
	}
	b.Copy(p[:len(p)-same])
	b.Window(old[len(old)-same:])
}

// Bytes appends the length-delimited field num with the payload p.
func (b *Builder) Bytes(num protowire.Number, p []byte) { b.Without(num, p, p[len(p):]) }

// Without appends the length-delimited field num with the payload p, but without cut, a window on p.
func (b *Builder) Without(num protowire.Number, p, cut []byte) {
	size := uint64(len(p) - len(cut))
	c := b.literal(protowire.SizeTag(num) + protowire.SizeVarint(size))
	c.code = appendVarint(c.code, protowire.EncodeTag(num, protowire.BytesType))
	c.code = appendVarint(c.code, size)
	at, _ := Offset(p, cut)
	b.Window(p[:at])
	b.Window(p[at+len(cut):])
}

// String appends the string field num.
func (b *Builder) String(num protowire.Number, s string) {
	c := b.literal(protowire.SizeTag(num) + protowire.SizeBytes(len(s)))
	c.code = protowire.AppendTag(c.code, num, protowire.BytesType)
	c.code = protowire.AppendString(c.code, s)
}

// Varint appends the varint field num.
func (b *Builder) Varint(num protowire.Number, v uint64) {
	c := b.literal(protowire.SizeTag(num) + protowire.SizeVarint(v))
	c.code = protowire.AppendTag(c.code, num, protowire.VarintType)
	c.code = protowire.AppendVarint(c.code, v)
}

// Append appends the pieces of another rope, which must hold whole fields.
func (b *Builder) Append(r *Rope) {
	if len(r.chunks) <= 1 {
		for p := range r.Pieces {
			b.Window(p)
		}
		return
	}
	b.flush()
	for _, c := range r.chunks {
		c.code = c.code[:len(c.code):len(c.code)] // the other rope's; append to a new chunk
		b.rope.chunks = append(b.rope.chunks, c)
		b.rope.size += c.size
	}
}

// Message appends the message field num. It calls body, which appends the fields of that message to b, and then
// fills in the length.
func (b *Builder) Message(num protowire.Number, body func()) {
	b.flush()
	c := b.room(1 + headerRoom)
	at := len(c.code)
	c.code = c.code[:at+1+headerRoom]
	code, k := c.code[at:], len(b.rope.chunks)-1
	code[0] = byte(header) // empty until the length is known
	start := b.Size()
	body()
	head := protowire.AppendTag(code[1:1], num, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(b.Size()-start))
	code[0] = byte(len(head))<<kindBits | byte(header)
	b.rope.chunks[k].size += int64(len(head))
	b.rope.size += int64(len(head))
}

// Size returns the number of bytes appended so far.
func (b *Builder) Size() int64 { return b.rope.size + int64(len(b.window)) }

// Build returns the message. Do not use the Builder afterwards.
func (b *Builder) Build() *Rope {
	b.flush()
	at := int64(0)
	for i := range b.rope.chunks {
		c := &b.rope.chunks[i]
		c.start = at
		at += c.size
	}
	return &b.rope
}

const (
	firstChunk = 64
	fullChunk  = 64 << 10
	// chunkBytes is the number of bytes in the rope from which a chunk ends. It bounds the memory for writing a chunk.
	chunkBytes = 1 << 20
)

// room returns the last chunk with room for n bytes of code. It starts a new chunk if the last one has less.
func (b *Builder) room(n int) *chunk {
	size := firstChunk
	if last := len(b.rope.chunks) - 1; last >= 0 {
		c := &b.rope.chunks[last]
		if cap(c.code)-len(c.code) >= n && c.size < chunkBytes {
			return c
		}
		size = min(2*len(c.code), fullChunk)
	}
	// Code never moves: Message fills in the header of a chunk later.
	b.rope.chunks = append(b.rope.chunks, chunk{code: make([]byte, 0, max(size, n))})
	b.behind = nil
	return &b.rope.chunks[len(b.rope.chunks)-1]
}
