package wire

import (
	"encoding/binary"
	"math"
	"slices"
	"sync"
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// A Builder assembles a message, field by field, from windows on old bytes and from new bytes. The zero value is
// ready to use. Builder keeps references to the slices passed to Window and to large ones passed to Bytes, so they
// must not change.
type Builder struct {
	rope   Rope
	open   *scratch // the memory of the last chunk, which takes further steps; nil if there is none
	news   int      // number of new bytes of the current step, which are in the chunk
	window []byte   // the window of the current step, which the next one may extend
	behind []byte   // what follows the last window of the chunk, as in cursor
}

// A scratch is memory for the chunk that grows. It is used again for other chunks: a full chunk gets memory of its size.
type scratch struct{ code, news []byte }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

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
	if len(b.window) > 0 {
		if gap, ok := distance(b.window, p); ok && gap == 0 {
			b.window = b.window[:len(b.window)+len(p)]
			return
		}
		b.end()
	}
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

// end ends the current step, and the chunk if it is full.
func (b *Builder) end() {
	b.step(b.window)
	if c := b.chunk(); c.size >= chunkBytes || len(c.code)+len(c.news) >= fullChunk {
		b.close()
	}
}

// step ends the current step with the window p.
func (b *Builder) step(p []byte) {
	if len(p) == 0 {
		if b.news == 0 {
			return
		}
		p = b.behind
	}
	c := b.chunk()
	if gap, ok := distance(b.behind, p); ok {
		c.code = appendStep(c.code, b.news, ahead+gap, len(p))
	} else {
		c.code = appendStep(c.code, b.news, nextSource, len(p))
		c.sources = append(c.sources, p)
	}
	b.window, b.behind, b.news = nil, p[len(p):], 0
	b.grew(c, len(p))
}

// appendStep appends a step to the code of a chunk.
func appendStep(code []byte, news, move, size int) []byte {
	if news < longStep && move <= math.MaxUint8 && size <= math.MaxUint16 {
		return binary.LittleEndian.AppendUint32(code, uint32(news|move<<8|size<<16))
	}
	code = append(code, longStep, 0, 0, 0)
	for _, n := range []int{news, move, size} {
		code = binary.LittleEndian.AppendUint64(code, uint64(n))
	}
	return code
}

// AppendHeader appends the tag and the length of a length-delimited field.
func AppendHeader(dst []byte, num protowire.Number, size int) []byte {
	if num < 1<<4 && size < 1<<14 && size >= 1<<7 { // fast path: nearly every node
		return append(dst, byte(num<<3)|byte(protowire.BytesType), byte(size)|1<<7, byte(size>>7))
	}
	return protowire.AppendVarint(protowire.AppendTag(dst, num, protowire.BytesType), uint64(size))
}

// literal begins size new bytes, which the caller appends to the chunk's news.
func (b *Builder) literal(size int) *chunk {
	if len(b.window) > 0 || b.news > fullChunk {
		b.end()
	}
	c := b.chunk()
	b.news += size
	b.grew(c, size)
	return c
}

// Copy appends a copy of p, which must hold whole fields.
func (b *Builder) Copy(p []byte) {
	if len(p) > 0 {
		c := b.literal(len(p))
		c.news = append(c.news, p...)
	}
}

// Bytes appends the length-delimited field num with the payload p.
func (b *Builder) Bytes(num protowire.Number, p []byte) {
	c := b.literal(sizeHeader(num, len(p)))
	c.news = AppendHeader(c.news, num, len(p))
	b.Window(p)
}

// An Edit replaces a part of a message.
type Edit struct {
	At, Size int // the part
	New      int // the number of bytes in its place
}

// Edited appends the length-delimited field num with the payload p after the edits, which are in order and do not
// overlap. It copies their new bytes, all of which are in news.
func (b *Builder) Edited(num protowire.Number, p []byte, edits []Edit, news []byte) {
	size := sizeEdited(p, edits, news)
	head := sizeHeader(num, size)
	c := b.literal(head + len(news))
	c.news = append(AppendHeader(c.news, num, size), news...)
	b.news -= len(news)
	kept := 0 // where the bytes after the last edit begin
	for i := range edits {
		e := &edits[i]
		if e.At > kept {
			b.step(p[kept:e.At])
		}
		b.news += e.New
		kept = e.At + e.Size
	}
	b.window = p[kept:]
}

// sizeEdited returns the size of the payload p after the edits.
func sizeEdited(p []byte, edits []Edit, news []byte) int {
	size := len(p) + len(news)
	for i := range edits {
		size -= edits[i].Size
	}
	return size
}

// sizeHeader returns the size of AppendHeader.
func sizeHeader(num protowire.Number, size int) int {
	return protowire.SizeTag(num) + protowire.SizeVarint(uint64(size))
}

// String appends the string field num.
func (b *Builder) String(num protowire.Number, s string) {
	c := b.literal(protowire.SizeTag(num) + protowire.SizeBytes(len(s)))
	c.news = protowire.AppendTag(c.news, num, protowire.BytesType)
	c.news = protowire.AppendString(c.news, s)
}

// Varint appends the varint field num.
func (b *Builder) Varint(num protowire.Number, v uint64) {
	c := b.literal(protowire.SizeTag(num) + protowire.SizeVarint(v))
	c.news = protowire.AppendTag(c.news, num, protowire.VarintType)
	c.news = protowire.AppendVarint(c.news, v)
}

// Append appends the pieces of another rope, which must hold whole fields.
func (b *Builder) Append(r *Rope) {
	if len(r.chunks) == 0 || len(r.chunks) == 1 && len(r.chunks[0].code) < smallCode {
		for p := range r.Pieces {
			b.Window(p)
		}
		return
	}
	b.close()
	b.rope.chunks = append(b.rope.chunks, r.chunks...)
	b.rope.size += r.size
}

// Message appends the message field num. It calls body, which appends the fields of that message to b, and then
// fills in the length.
func (b *Builder) Message(num protowire.Number, body func()) {
	b.end()
	c := b.chunk()
	k, code, news := len(b.rope.chunks)-1, len(c.code), len(c.news)
	c.code = appendStep(c.code, 0, header, 0) // empty until the length is known
	c.news = append(c.news, make([]byte, headerRoom)...)
	start := b.Size()
	body()
	c = &b.rope.chunks[k]
	head := AppendHeader(c.news[news:news], num, int(b.Size()-start))
	c.code[code+2] = byte(len(head))
	b.grew(c, len(head))
}

// Size returns the number of bytes appended so far.
func (b *Builder) Size() int64 { return b.rope.size + int64(len(b.window)) }

// Build returns the message. Do not use the Builder afterwards.
func (b *Builder) Build() *Rope {
	b.close()
	at := int64(0)
	for i := range b.rope.chunks {
		c := &b.rope.chunks[i]
		c.start = at
		at += c.size
	}
	return &b.rope
}

const (
	// fullChunk is the size of the code and the new bytes of a chunk from which it ends. It bounds what growth copies.
	fullChunk = 64 << 10
	// chunkBytes is the number of bytes in the rope from which a chunk ends. It bounds the memory for writing a chunk.
	chunkBytes = 1 << 20
	// smallCode is the size of the code below which Append copies it, because a chunk takes more memory.
	smallCode = 64
)

// chunk returns the chunk for the current step.
func (b *Builder) chunk() *chunk {
	if b.open == nil {
		b.start()
	}
	return &b.rope.chunks[len(b.rope.chunks)-1]
}

// start adds a chunk.
func (b *Builder) start() {
	b.open = scratches.Get().(*scratch)
	b.rope.chunks = append(b.rope.chunks, chunk{code: b.open.code[:0], news: b.open.news[:0]})
}

// close ends the last chunk.
func (b *Builder) close() {
	b.step(b.window)
	if b.open == nil {
		return
	}
	c := b.chunk()
	b.open.code, b.open.news = c.code, c.news
	whole := slices.Concat(c.code, c.news)
	c.code, c.news = whole[:len(c.code):len(c.code)], whole[len(c.code):]
	scratches.Put(b.open)
	b.open, b.behind = nil, nil
}

// grew counts n bytes that were appended to a chunk.
func (b *Builder) grew(c *chunk, n int) {
	c.size += int64(n)
	b.rope.size += int64(n)
}
