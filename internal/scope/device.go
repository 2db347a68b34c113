package scope

import (
	"strings"
)

// A Device is what a device string says, part by part; a part that it does not name is empty.
type Device struct {
	Job     string
	Replica string
	Task    string
	Type    string // in upper case, as TensorFlow keeps it
	Index   string // "*" or empty: any
}

// ParseDevice takes a device string apart: `/job:ps/replica:0/task:1/device:GPU:0`, `/gpu:0`, `/cpu:*`, `GPU:0`. It
// reports false for what is none (DeviceNameUtils::ParseFullName in tensorflow/core/util/device_name_utils.cc and
// DeviceSpecV2.from_string in tensorflow/python/framework/device_spec.py).
func ParseDevice(name string) (Device, bool) {
	var d Device
	for part := range strings.SplitSeq(name, "/") {
		if part == "" {
			continue
		}
		word := strings.Split(part, ":")
		switch {
		case len(word) == 2 && word[0] == "job":
			d.Job = word[1]
		case len(word) == 2 && word[0] == "replica":
			d.Replica = word[1]
		case len(word) == 2 && word[0] == "task":
			d.Task = word[1]
		case word[0] == "device" && (len(word) == 2 || len(word) == 3) && word[1] != "":
			d.setType(word[1:])
		case len(word) <= 2 && isDeviceType(word[0]):
			d.setType(word)
		default:
			return Device{}, false
		}
	}
	return d, d != Device{}
}

func (d *Device) setType(word []string) {
	d.Type = strings.ToUpper(word[0])
	if len(word) == 2 {
		d.Index = word[1]
	}
}

// isDeviceType reports whether a part such as `gpu:0` names a device although `device:` does not stand before it.
func isDeviceType(word string) bool {
	switch strings.ToUpper(word) {
	case "CPU", "GPU", "TPU", "TPU_SYSTEM", "XLA_CPU", "XLA_GPU", "XLA_CPU_JIT", "XLA_GPU_JIT", "CUSTOM", "SYCL":
		return true
	}
	return false
}

// String returns the device in TensorFlow's full spelling, `/job:ps/replica:0/task:1/device:GPU:0`, with the parts that
// it names.
func (d Device) String() string {
	var b strings.Builder
	write := func(label, value string) {
		if value != "" {
			b.WriteString(label)
			b.WriteString(value)
		}
	}
	write("/job:", d.Job)
	write("/replica:", d.Replica)
	write("/task:", d.Task)
	write("/device:", d.Type)
	if d.Type != "" && d.Index != "" {
		b.WriteString(":" + d.Index)
	}
	return b.String()
}

// NormalDevice returns the full spelling of a device string, the string itself where it is no device.
func NormalDevice(name string) string {
	if d, ok := ParseDevice(name); ok {
		return d.String()
	}
	return name
}

// A DevicePattern finds devices by what they mean, whatever their spelling: each part that it names must fit, as a Glob,
// and the others may be anything. `/gpu:*` finds `/job:w/task:1/device:GPU:3`.
type DevicePattern struct {
	text                            string
	device                          bool // the text is a device; if not, it is a Glob for the whole string
	whole                           Glob
	job, replica, task, kind, index Glob
}

// ParseDevicePattern returns the DevicePattern of a text: a device some of whose parts are globs, or else a glob for the
// spelling as it stands and the full one. The error is that of ParseGlob.
func ParseDevicePattern(text string) (DevicePattern, error) {
	d, ok := ParseDevice(text)
	p := DevicePattern{text: text, device: ok}
	for _, part := range []struct {
		glob *Glob
		text string
	}{
		{&p.whole, text}, {&p.job, d.Job}, {&p.replica, d.Replica}, {&p.task, d.Task}, {&p.kind, d.Type}, {&p.index, d.Index},
	} {
		glob, err := ParseGlob(part.text)
		if err != nil {
			return DevicePattern{}, err
		}
		*part.glob = glob
	}
	return p, nil
}

// String returns the text of the pattern.
func (p DevicePattern) String() string { return p.text }

// Match reports whether a node's device fits. The empty device fits nothing.
func (p DevicePattern) Match(device string) bool {
	if device == "" {
		return false
	}
	if p.whole.Match(device) {
		return true
	}
	d, ok := ParseDevice(device)
	if !ok {
		return false
	}
	if !p.device {
		return p.whole.Match(d.String())
	}
	// `/gpu:*` means any GPU, `/gpu` included; `/job:*` means a device of a job, so one without does not fit.
	anyIndex := p.index.pattern == "*" && d.Type != ""
	return fits(p.job, d.Job) && fits(p.replica, d.Replica) && fits(p.task, d.Task) && fits(p.kind, d.Type) &&
		(anyIndex || fits(p.index, d.Index))
}

// fits reports whether one part is there and fits, which it always does where the pattern does not name it.
func fits(pattern Glob, part string) bool {
	return pattern.pattern == "" || part != "" && pattern.Match(part)
}
