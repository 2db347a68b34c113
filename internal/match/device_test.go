package match

import (
	"errors"
	"testing"
)

func TestDevicePattern(t *testing.T) {
	for _, test := range []struct {
		pattern, device string
		want            bool
	}{
		{"/gpu:*", "/job:w/task:1/device:GPU:3", true},
		{"/gpu:*", "/device:GPU:0", true},
		{"/gpu:*", "/device:CPU:0", false},
		{"/GPU:*", "/gpu:0", true},
		{"/DEVICE:gpu:0", "/gpu:0", true},
		{"/device:GPU:0", "/gpu:0", true},
		{"/device:tpu:1", "/device:TPU:1", true},
		{"gpu:0", "/gpu:0", true},
		{"gpu", "/job:a/GPU:7", true},
		{"/gpu:1", "/gpu:0", false},
		{"/job:ps", "/job:ps/task:1/cpu:0", true},
		{"/job:PS", "/job:ps/task:1/cpu:0", true},
		{"/job:ps", "/job:psx/task:1", false},
		{"/job:ps*/task:[0-3]", "/job:ps_2/replica:0/task:1/cpu:0", true},
		{"/job:ps/task:?", "/job:ps/task:11", false},
		{"/gpu:0", "gibberish", false},
		{"/device:XPU:0", "/device:XPU:0", true},
		{"/device:*", "/device:XPU:0", true},
		{"/device:*", "/job:a/task:1", false},
		{"/job:*", "/gpu:0", false}, // a part with a wildcard must be present
		{"/job:*", "/job:w/gpu:0", true},
		{"/gpu:*", "/gpu", true}, // but an absent index matches any
	} {
		p, err := ParseDevicePattern(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Match(test.device); got != test.want {
			t.Errorf("pattern %q, device %q: match is %v, want %v", test.pattern, test.device, got, test.want)
		}
	}
}

// TestDevicePatternErrors: invalid patterns are errors rather than patterns that match nothing. The error has a suggestion.
func TestDevicePatternErrors(t *testing.T) {
	for text, nearest := range map[string]string{
		"*gpu*": "/gpu:*", "/gqu:*": "/gpu:*", "gpu0": "/gpu:*", "/gpus": "/gpu:*", "/jbo:ps/task:1": "/job:ps/task:1", "/device:": "/device:*",
		"*": "", "": "", "/": "", "gibberish": "", "/gpu:": "/gpu:*", "/gpu:x": "", "/task:one": "", "/gpu:0/cpu:0": "", "/gpu:[0": "", "/job:": "/job:*",
		"/gpu:*,tpu:*": "", "/device:g pu:0": "", "gpu:0:1": "",
	} {
		_, err := ParseDevicePattern(text)
		var invalid *DevicePatternError
		if !errors.As(err, &invalid) || invalid.Nearest != nearest {
			t.Errorf("%q: %+v, want the suggestion %q", text, err, nearest)
		}
	}
}

func TestUnknownType(t *testing.T) {
	for text, want := range map[string]string{"/device:GQU:*": "GPU", "/gpu:0": "", "/device:NPU:0": "", "/device:MY_CHIP:0": "", "/job:ps": "", "/device:G*": ""} {
		p, err := ParseDevicePattern(text)
		if err != nil || p.UnknownType() != want {
			t.Errorf("%q: %q, %v, want %q", text, p.UnknownType(), err, want)
		}
	}
}

func TestIsAccelerator(t *testing.T) {
	for device, want := range map[string]bool{
		"": false, "/cpu:0": false, "/device:CPU:*": false, "/replica:0/task:0/device:CPU:0": false,
		"/gpu:0": true, "/device:TPU:1": true, "/device:XLA_CPU:0": true, "/job:ps": true, "/job:localhost/replica:0/task:0/device:CPU:0": true, "/task:1": true, "odd": true,
	} {
		if got := IsAccelerator(device); got != want {
			t.Errorf("%q: IsAccelerator is %v, want %v", device, got, want)
		}
	}
}

// TestDeviceFilter matches whole spellings where the text is not a device pattern.
func TestDeviceFilter(t *testing.T) {
	for _, test := range []struct {
		pattern, device string
		want            bool
	}{
		{"*GPU*", "/job:a/gpu:0", true}, {"*gpu*", "/job:a/GPU:0", true}, {"*GPU*", "/job:a/cpu:0", false},
		{"*", "anything", true}, {"*", "", false}, {"gibberish", "gibberish", true}, {"/gpu:*", "/gpu:1", true},
	} {
		p, err := ParseDeviceFilter(test.pattern)
		if err != nil || p.Match(test.device) != test.want {
			t.Errorf("pattern %q, device %q: match is %v (%v), want %v", test.pattern, test.device, p.Match(test.device), err, test.want)
		}
	}
	if _, err := ParseDeviceFilter("["); err == nil {
		t.Error("an unclosed set is accepted")
	}
}

func TestNormalDevice(t *testing.T) {
	for device, want := range map[string]string{
		"/gpu:0":                              "/device:GPU:0",
		"/job:ps/replica:0/task:1/cpu:0":      "/job:ps/replica:0/task:1/device:CPU:0",
		"/job:w/task:3":                       "/job:w/task:3",
		"/task:3/job:w":                       "/job:w/task:3",
		"/device:GPU:*":                       "/device:GPU:*",
		"/device:TPU_REPLICATED_CORE:0":       "/device:TPU_REPLICATED_CORE:0",
		"":                                    "",
		"no device":                           "no device",
		"/job:a/b:c:d:e":                      "/job:a/b:c:d:e",
		"/job:localhost/replica:0/task:0/GPU": "/job:localhost/replica:0/task:0/device:GPU",
	} {
		if got := NormalDevice(device); got != want {
			t.Errorf("NormalDevice(%q) = %q, want %q", device, got, want)
		}
	}
}

func TestGlob(t *testing.T) {
	for _, test := range []struct {
		pattern, name string
		want          bool
	}{
		{"*", "", true}, {"", "", true}, {"", "a", false}, {"a", "a", true}, {"a*c", "a/b/c", true}, {"a*c", "a/b/cd", false},
		{"*a*b*", "xxaxxbxx", true}, {"*a*b", "xxaxxbxx", false}, {"?", "é", true}, {"?", "", false}, {"[a-c]x", "bx", true},
		{"[^a-c]x", "bx", false}, {"[]]", "]", true}, {`\*`, "*", true}, {`\*`, "a", false}, {"conv[0-9]/*", "conv7/weights", true},
		{"*aaaaaaaaaaaaaaaaaaaaaaaab", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	} {
		g, err := ParseGlob(test.pattern)
		if err != nil {
			t.Fatal(err)
		}
		if got := g.Match(test.name); got != test.want {
			t.Errorf("glob %q, name %q: match is %v, want %v", test.pattern, test.name, got, test.want)
		}
	}
	for _, bad := range []string{"[", "[a", "a\\", "[]"} {
		if _, err := ParseGlob(bad); err == nil {
			t.Errorf("glob %q is accepted", bad)
		}
	}
}
