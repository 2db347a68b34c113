package schema

import (
	"testing"

	"github.com/metagraph/metagraph/internal/wire"
)

func TestCheckField(t *testing.T) {
	for _, test := range []struct{ name, field, want string }{
		{"sound", bin(1, bin(4, "serve")), ""},
		{"string is not UTF-8", bin(1, bin(4, "\xff")), `not valid UTF-8: "\xff"`},
		{"length of six bytes", bin(1, "\x22\x80\x80\x80\x80\x80\x00"), ""},
		{"message is cut off", bin(1, "\x22\x05a"), "field 4 has a length of 5 bytes, but 1 bytes follow"},
		{"packed values are cut off", bin(4, bin(2, bin(3, bin(1, "\x80")))), "a packed value is cut off"},
		{"string of a node", bin(2, bin(1, bin(1, "\xff"))), ""},
		{"node is cut off", bin(2, bin(1, "\x0a\x05a")), "field 1 has a length of 5 bytes, but 1 bytes follow"},
		{"unknown field", bin(90, "\x0a\x05a"), ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := wire.Scan([]byte(test.field))
			s.Next()
			got := ""
			if err := CheckField(s.Field, metaGraph); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}
