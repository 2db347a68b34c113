package scope

import "testing"

func TestDevicePattern(t *testing.T) {
	for _, test := range []struct {
		pattern, device string
		want            bool
	}{
		{"/gpu:*", "/job:w/task:1/device:GPU:3", true},
		{"/gpu:*", "/device:GPU:0", true},
		{"/gpu:*", "/device:CPU:0", false},
		{"/device:GPU:0", "/gpu:0", true},
		{"/device:gpu:0", "/gpu:0", true},
		{"gpu:0", "/gpu:0", true},
		{"/gpu:1", "/gpu:0", false},
		{"/gpu", "/job:a/GPU:7", true},
		{"/job:ps", "/job:ps/task:1/cpu:0", true},
		{"/job:ps", "/job:psx/task:1", false},
		{"/job:ps*/task:[0-3]", "/job:ps_2/replica:0/task:1/cpu:0", true},
		{"/job:ps/task:?", "/job:ps/task:11", false},
		{"*GPU*", "/job:a/gpu:0", true},
		{"*GPU*", "/job:a/cpu:0", false},
		{"*", "anything", true},
		{"*", "", false},
		{"/gpu:0", "gibberish", false},
		{"gibberish", "gibberish", true},
		{"/device:XPU:0", "/device:XPU:0", true},
		{"/job:*", "/gpu:0", false}, // a part that may be anything must be there
		{"/job:*", "/job:w/gpu:0", true},
		{"/gpu:*", "/gpu", true}, // but no number means any
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
