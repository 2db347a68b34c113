package text_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	_ "github.com/metagraph/metagraph/internal/proto" // registers the schema
	"github.com/metagraph/metagraph/internal/text"
)

// golden reads the cases in a file that testdata/golden.py wrote with TensorFlow.
func golden(t testing.TB, name string, cases any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, cases); err != nil {
		t.Fatal(err)
	}
}

// descriptor returns a message type of the schema or else of TensorFlow.
func descriptor(t testing.TB, name string) protoreflect.MessageDescriptor {
	t.Helper()
	if mt, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(name)); err == nil {
		return mt.Descriptor()
	}
	desc, err := text.Pool().FindDescriptorByName(protoreflect.FullName(name))
	if err != nil {
		t.Fatal(err)
	}
	return desc.(protoreflect.MessageDescriptor)
}

// write returns a message as text.
func write(message []byte, md protoreflect.MessageDescriptor, o text.Options) (string, error) {
	var b bytes.Buffer
	err := text.Write(&b, message, md, o)
	return b.String(), err
}

// TestWriteAsTensorFlow compares Write with TensorFlow's output.
func TestWriteAsTensorFlow(t *testing.T) {
	var cases []struct{ Title, Type, Data, Text, Unknown string }
	golden(t, "writes.json", &cases)
	for _, c := range cases {
		t.Run(c.Title, func(t *testing.T) {
			data := unhex(t, c.Data)
			md := descriptor(t, c.Type)
			got, err := write(data, md, text.Options{AllowUnknown: true})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.Unknown, got); diff != "" {
				t.Errorf("with unknown fields (-TensorFlow +text.Write):\n%s", diff)
			}
			got, err = write(data, md, text.Options{})
			if checked := text.Check(data, md, text.Options{}); !equalErrors(err, checked) {
				t.Errorf("Write: %v, Check: %v", err, checked)
			}
			var unknown *text.UnknownFieldsError
			switch {
			case errors.As(err, &unknown):
				if c.Text == c.Unknown {
					t.Errorf("there are no unknown fields: %v", err)
				}
			case err != nil:
				t.Error(err)
			default:
				if diff := cmp.Diff(c.Text, got); diff != "" {
					t.Errorf("(-TensorFlow +text.Write):\n%s", diff)
				}
			}
		})
	}
}

// equalErrors reports whether two errors have the same text.
func equalErrors(a, b error) bool {
	return (a == nil) == (b == nil) && (a == nil || a.Error() == b.Error())
}

// TestParseAsTensorFlow compares Parse with TensorFlow's parser, through the text of the results.
func TestParseAsTensorFlow(t *testing.T) {
	var cases []struct {
		Type, Text string
		Want       *string
	}
	golden(t, "reads.json", &cases)
	for _, c := range cases {
		md := descriptor(t, c.Type)
		data, err := text.Parse([]byte(c.Text), md, text.Options{})
		switch {
		case c.Want == nil && err == nil:
			if !readsMore(c.Text) {
				t.Errorf("%s %q: TensorFlow rejects it", c.Type, c.Text)
			}
		case c.Want == nil:
			var syntax *text.ParseError
			if !errors.As(err, &syntax) || syntax.Line < 1 || syntax.Column < 1 {
				t.Errorf("%s %q: error without a position: %v", c.Type, c.Text, err)
			}
		case err != nil:
			t.Errorf("%s %q: %v", c.Type, c.Text, err)
		default:
			got, err := write(data, md, text.Options{})
			if err != nil || got != *c.Want {
				t.Errorf("%s %q: parsed as %q, want %q (%v)", c.Type, c.Text, got, *c.Want, err)
			}
		}
	}
}

// readsMore reports whether C++ accepts a text that Python rejects.
func readsMore(text string) bool {
	switch text {
	case "\ufeffname: \"a\"", // a byte order mark
		"bool_val: 00", "bool_val: -0", "bool_val: +0", "bool_val: 0x1", // numbers for bool
		"dtype: 010", "dtype: -010", "dtype: 00": // octal numbers for enums
		return true
	}
	// A string of a proto2 message need not be UTF-8.
	return strings.HasPrefix(text, "files: ")
}

// TestUnknownFieldsComeBack: unknown fields survive writing and parsing.
func TestUnknownFieldsComeBack(t *testing.T) {
	var cases []struct{ Title, Type, Unknown string }
	golden(t, "writes.json", &cases)
	for _, c := range cases {
		if strings.HasPrefix(c.Title, "proto2 string") {
			continue // compared with TensorFlow above
		}
		md := descriptor(t, c.Type)
		data, err := text.Parse([]byte(c.Unknown), md, text.Options{AllowUnknown: true})
		if err != nil {
			t.Errorf("%s: %v", c.Title, err)
			continue
		}
		got, err := write(data, md, text.Options{AllowUnknown: true})
		if err != nil {
			t.Errorf("%s: %v", c.Title, err)
		}
		if diff := cmp.Diff(c.Unknown, got); diff != "" {
			t.Errorf("%s (-before +after):\n%s", c.Title, diff)
		}
	}
}

// unhex decodes the bytes of a case.
func unhex(t testing.TB, s string) []byte {
	t.Helper()
	data, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
