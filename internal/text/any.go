package text

import (
	"bytes"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// expand writes an Any as `[type URL] { fields }` (_TryPrintAsAnyMessage in google/protobuf/text_format.py) and
// reports whether it did. It does not if TensorFlow lacks the type, and in the cases listed at Write.
func (p *printer) expand(data []byte, indent int) (bool, error) {
	var url, value []byte
	s := wire.Scan(data)
	for s.Next() {
		switch {
		case s.Is(fieldnum.Any_TypeUrl):
			url = s.Data
		case s.Is(fieldnum.Any_Value):
			value = s.Data
		default:
			return false, nil
		}
	}
	if s.Err() != nil {
		return false, nil // the caller reports it
	}
	slash := bytes.LastIndexByte(url, '/')
	if slash < 0 || !validTypeURL(url[:slash], url[slash+1:]) {
		return false, nil
	}
	md := poolMessage(protoreflect.FullName(url[slash+1:]))
	if md == nil {
		return false, nil
	}
	packed := p.of(md)
	at := step{url: string(url)}
	inside := func() error {
		p.path = append(p.path, at)
		err := p.message(value, packed, indent+2)
		p.path = p.path[:len(p.path)-1]
		return err
	}
	if err := p.muted(inside); err != nil {
		return false, nil // Python cannot write it at all
	}
	if p.quiet {
		return true, inside()
	}
	p.line(indent, "[")
	p.buf = append(append(p.buf, url...), "] {\n"...)
	if err := inside(); err != nil {
		return true, err
	}
	p.close(indent)
	return true, p.filled()
}

// validTypeURL reports whether a type URL, split at its last slash, can be written as text and read again
// (_ConsumeAnyTypeUrl in google/protobuf/text_format.py).
func validTypeURL(prefix, name []byte) bool {
	if len(prefix) == 0 || prefix[0] == '/' || !protoreflect.FullName(name).IsValid() {
		return false
	}
	for i, c := range prefix {
		if c != '/' && !isURLChar(c) {
			return false
		}
		if c == '%' && (i+2 >= len(prefix) || digitValue(prefix[i+1]) > 15 || digitValue(prefix[i+2]) > 15) {
			return false
		}
	}
	return true
}

// isURLChar reports whether c is allowed between the slashes of a type URL.
func isURLChar(c byte) bool {
	return isWord(c) || strings.IndexByte("-.~!$&()*+,;=%", c) >= 0
}

// isWord reports whether c is allowed in a name.
func isWord(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_'
}
