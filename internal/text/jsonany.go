package text

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// any writes an Any: its message with the type, or its bytes if the type is unknown.
func (j *jsonWriter) any(data []byte, indent int) error {
	if err := wire.Check(data); err != nil {
		return j.failed(err)
	}
	url, value := wire.Last(data, fieldnum.Any_TypeUrl), wire.Last(data, fieldnum.Any_Value)
	o := object{indent: indent}
	if len(url) == 0 {
		if len(value) > 0 {
			return j.fail(data, "an Any with a value has no type")
		}
		return j.end(&o, '}')
	}
	if !utf8.Valid(url) {
		return j.fail(url, "string is not valid UTF-8")
	}
	name := wire.AnyType(url)
	if md := jsonMessage(name); md != nil {
		if j.anys == maxAnyDepth {
			return j.fail(data, "Any messages are nested more than "+strconv.Itoa(maxAnyDepth)+" deep")
		}
		j.anys++
		j.path = append(j.path, step{url: string(url)})
		err := j.inAny(value, j.of(md), indent, string(url))
		j.path = j.path[:len(j.path)-1]
		j.anys--
		return err
	}
	if !name.IsValid() {
		return j.fail(url, "an Any has the type "+strconv.Quote(string(name))+", which is not a valid message name")
	}
	j.next(&o, '{')
	j.buf = appendJSONString(append(j.buf, `"@type": `...), string(url))
	if len(value) > 0 {
		j.next(&o, '{')
		j.buf = append(j.buf, `"value": "`...)
		j.buf = append(base64.StdEncoding.AppendEncode(j.buf, value), '"')
	}
	return j.end(&o, '}')
}

// inAny writes the message in an Any. A message with a special JSON form becomes the member value.
func (j *jsonWriter) inAny(value []byte, t *table, indent int, url string) error {
	if !t.any && !wellKnown[t.name] {
		return j.message(value, t, indent, url)
	}
	o := object{indent: indent}
	j.next(&o, '{')
	j.buf = appendJSONString(append(j.buf, `"@type": `...), url)
	j.next(&o, '{')
	j.buf = append(j.buf, `"value": `...)
	if err := j.message(value, t, indent+2, ""); err != nil {
		return err
	}
	return j.end(&o, '}')
}

// jsonMessage returns the message type with the given name: a type that is compiled in, else TensorFlow's, else nil.
func jsonMessage(name protoreflect.FullName) protoreflect.MessageDescriptor {
	if mt, err := registered(name); err == nil {
		return mt.Descriptor()
	}
	return poolMessage(name)
}

// wellKnown writes a message of google.protobuf that has a special JSON form, like Duration.
func (j *jsonWriter) wellKnown(data []byte, t *table, indent int) error {
	m := dynamicpb.NewMessage(t.desc)
	if err := proto.Unmarshal(data, m); err != nil {
		return j.fail(data, "is not a "+string(t.name))
	}
	compact, err := protojson.Marshal(m) //nolint:forbidigo // small, and indented anew
	if err != nil {
		return j.fail(data, "cannot be represented in JSON as "+string(t.name))
	}
	var b bytes.Buffer
	if err := json.Indent(&b, compact, string(spaces[:min(indent, len(spaces))]), "  "); err != nil {
		return err
	}
	j.buf = append(j.buf, b.Bytes()...)
	return j.filled()
}
