package wire

import (
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// A Builder assembles a message, field by field, from windows on old bytes and from new bytes. The zero value is
// ready to use. Builder keeps references to the slices passed to Window and to large ones passed to Bytes, so they
// must not change.
type Builder struct {
	rope  Rope
	arena []byte // new bytes; the pieces keep full arenas alive
}

const (
	// copyBelow is the size below which a window is copied, because a separate piece costs 24 bytes.
	copyBelow = 32
	// headerRoom is the space that Message reserves for a tag and a length: five bytes for each.
	headerRoom = 10
)

// Window appends whole fields of an old message without copying them.
func (b *Builder) Window(p []byte) {
	if len(p) >= copyBelow {
		b.rope.add(p)
		return
	}
	if len(p) > 0 && !b.extends(p) {
		b.Copy(p)
	}
}

// extends extends the last piece by p if p directly follows it in memory. It reports whether it did.
func (b *Builder) extends(p []byte) bool {
	last := len(b.rope.chunks) - 1
	if last < 0 {
		return false
	}
	chunk := b.rope.chunks[last]
	if !adjoin(chunk[len(chunk)-1], p) {
		return false
	}
	b.rope.add(p)
	return true
}

// Copy appends a copy of p, which must hold whole fields.
func (b *Builder) Copy(p []byte) {
	room := b.room(len(p))
	room = append(room, p...)
	b.keep(room)
}

// Bytes appends the length-delimited field num with the payload p.
func (b *Builder) Bytes(num protowire.Number, p []byte) {
	room := b.room(headerRoom)
	room = protowire.AppendTag(room, num, protowire.BytesType)
	room = protowire.AppendVarint(room, uint64(len(p)))
	b.keep(room)
	b.Window(p)
}

// String appends the string field num.
func (b *Builder) String(num protowire.Number, s string) {
	room := b.room(headerRoom + len(s))
	room = protowire.AppendTag(room, num, protowire.BytesType)
	b.keep(protowire.AppendString(room, s))
}

// Varint appends the varint field num.
func (b *Builder) Varint(num protowire.Number, v uint64) {
	room := b.room(2 * headerRoom)
	room = protowire.AppendTag(room, num, protowire.VarintType)
	b.keep(protowire.AppendVarint(room, v))
}

// Append appends the pieces of another rope, which must hold whole fields.
func (b *Builder) Append(r *Rope) {
	for p := range r.Pieces {
		b.Window(p)
	}
}

// Message appends the message field num. It calls body, which appends the fields of that message to b, and then
// fills in the length.
func (b *Builder) Message(num protowire.Number, body func()) {
	room := b.room(headerRoom)
	// The header is an empty piece until the length is known.
	b.arena = b.arena[:len(b.arena)+headerRoom]
	header := b.rope.push(room)
	start, arena := b.rope.size, b.arena
	body()
	room = protowire.AppendTag(room, num, protowire.BytesType)
	*header = protowire.AppendVarint(room, uint64(b.rope.size-start))
	if len(b.arena) == len(arena) && unsafe.SliceData(b.arena) == unsafe.SliceData(arena) {
		// The body left the arena unchanged, so release the unused part of the header's space.
		b.arena = b.arena[:len(b.arena)-(headerRoom-len(*header))]
	}
	b.rope.size += int64(len(*header))
}

// Size returns the number of bytes appended so far.
func (b *Builder) Size() int64 { return b.rope.size }

// Build returns the message. Do not use the Builder afterwards.
func (b *Builder) Build() *Rope { return &b.rope }

const (
	firstArena = 1 << 10
	nextArena  = 64 << 10
)

// room returns an empty slice at the end of the arena with capacity for n bytes.
func (b *Builder) room(n int) []byte {
	if cap(b.arena)-len(b.arena) < n {
		size := nextArena
		if b.arena == nil {
			size = firstArena
		}
		b.arena = make([]byte, 0, max(size, n))
	}
	return b.arena[len(b.arena):len(b.arena)]
}

// keep appends the content of room, a slice that room returned, to the rope.
func (b *Builder) keep(room []byte) {
	b.arena = b.arena[:len(b.arena)+len(room)]
	b.rope.add(room)
}
