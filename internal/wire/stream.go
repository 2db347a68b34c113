package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
)

// A Stream writes a rewritten MetaGraphDef while it is made, so that neither its bytes nor the steps to them are kept.
// See MetaGraph.Streams for what it can write.
type Stream struct {
	w     io.Writer
	patch io.WriterAt
	size  int64 // bytes written
}

// NewStream returns a Stream that appends to an empty file with w. It overwrites a few of these bytes with patch.
func NewStream(w io.Writer, patch io.WriterAt) *Stream { return &Stream{w: w, patch: patch} }

// Streams reports whether a Stream can write m with a rewritten GraphDef, and whether the GraphDef has at least size
// bytes. A Stream cannot write a message with a repeated or unusually encoded part: if nothing changes, the bytes would
// differ from the original ones.
func (m *MetaGraph) Streams(size int) bool {
	for i := range m.Fields {
		if f := &m.Fields[i]; f.Is(fieldnum.MetaGraphDef_GraphDef) {
			plain := f.Raw == nil || len(f.Raw) == sizeHeader(f.Num, len(f.Data))+len(f.Data)
			return plain && m.raw == nil && len(f.Data) >= size
		}
	}
	return false
}

// Append writes whole fields.
func (s *Stream) Append(r *Rope) error { return s.write(r) }

func (s *Stream) write(p io.WriterTo) error {
	n, err := p.WriteTo(s.w)
	s.size += n
	return err
}

// errLength is the error for a new GraphDef whose length takes more or fewer bytes than the old one.
var errLength = fmt.Errorf("%w: the length of the graph needs another number of bytes", errors.ErrUnsupported)

// Message writes the field f with what body writes as its payload. The length comes first but is known last, so Message
// writes the old one and overwrites it at the end. It returns errors.ErrUnsupported if the new one needs another number
// of bytes. A field of MetaGraphOf has no header: its payload is the whole message.
func (s *Stream) Message(f Field, body func() error) error {
	if f.Raw == nil {
		return body()
	}
	at, old := s.size, AppendHeader(nil, f.Num, len(f.Data))
	if err := s.write(bytes.NewReader(old)); err != nil {
		return err
	}
	if err := body(); err != nil {
		return err
	}
	header := AppendHeader(nil, f.Num, int(s.size-at)-len(old))
	if len(header) != len(old) {
		return errLength
	}
	_, err := s.patch.WriteAt(header, at)
	return err
}

// A FieldWriter takes fields of a message in order, as a Builder does.
type FieldWriter interface {
	Window(p []byte)
	Edited(num protowire.Number, p []byte, edits []Edit, news []byte)
}

// A Section takes consecutive fields of a message. Several goroutines may fill one section each. Join gives the fields
// their place: it appends them to the message.
type Section interface {
	FieldWriter
	Join() error
}

// Section returns an empty section for about size bytes.
func (s *Stream) Section(size int) Section { return &streamSection{NewGathered(size), s} }

type streamSection struct {
	*Gathered
	stream *Stream
}

func (s *streamSection) Join() error { return s.stream.write(s.Gathered) }
