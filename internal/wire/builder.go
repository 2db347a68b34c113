package wire

import (
	"unsafe"

	"google.golang.org/protobuf/encoding/protowire"
)

// A Builder puts a message together, field after field, from windows on old bytes and from new ones. The zero value is
// ready to use. Bytes handed to Window and, from copyBelow bytes on, to Bytes are not copied and must stay as they are.
type Builder struct {
	rope  Rope
	arena []byte // new bytes; full arenas live on in the pieces that point into them
}

const (
	// copyBelow is the size under which a window is copied: a piece of its own costs 24 bytes.
	copyBelow = 32
	// headerRoom is what Message keeps free for a tag and a length: five bytes for either.
	headerRoom = 10
)

// Window appends bytes that stand elsewhere: whole fields of an old message.
func (b *Builder) Window(p []byte) {
	if len(p) >= copyBelow {
		b.rope.add(p)
		return
	}
	if len(p) > 0 && !b.extends(p) {
		b.Copy(p)
	}
}

// extends makes the last piece longer by p, where p lies right behind it.
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

// Copy appends new bytes: whole fields of a message, in a copy.
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

// Append appends the pieces of another rope: whole fields of a message.
func (b *Builder) Append(r *Rope) {
	for p := range r.Pieces {
		b.Window(p)
	}
}

// Message appends the message field num whose fields body appends to the same Builder. The length is filled in afterwards.
func (b *Builder) Message(num protowire.Number, body func()) {
	room := b.room(headerRoom)
	// The header gets its bytes when the length is known. It is a piece of its own until then, of length zero.
	b.arena = b.arena[:len(b.arena)+headerRoom]
	header := b.rope.push(room)
	start, arena := b.rope.size, b.arena
	body()
	room = protowire.AppendTag(room, num, protowire.BytesType)
	*header = protowire.AppendVarint(room, uint64(b.rope.size-start))
	if len(b.arena) == len(arena) && unsafe.SliceData(b.arena) == unsafe.SliceData(arena) {
		// The body put nothing into the arena, so what the header left free can be used.
		b.arena = b.arena[:len(b.arena)-(headerRoom-len(*header))]
	}
	b.rope.size += int64(len(*header))
}

// Size returns the number of bytes appended so far.
func (b *Builder) Size() int64 { return b.rope.size }

// Build returns what was appended. The Builder must not be used afterwards.
func (b *Builder) Build() *Rope { return &b.rope }

const (
	firstArena = 1 << 10
	nextArena  = 64 << 10
)

// room returns the arena's free end, of length zero and with room for n bytes.
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

// keep appends what was written into room to the rope.
func (b *Builder) keep(room []byte) {
	b.arena = b.arena[:len(b.arena)+len(room)]
	b.rope.add(room)
}
