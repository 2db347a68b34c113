package match

import (
	"slices"
	"strings"
)

// A Device is a parsed device string. A part that the string does not name is empty.
type Device struct {
	job     string
	replica string
	task    string
	kind    string // in upper case, as TensorFlow keeps it
	index   string // "*" or empty: any
}

// ParseDevice parses a device string such as `/job:ps/replica:0/task:1/device:GPU:0`, `/gpu:0`, `/cpu:*` or `GPU:0`. It reports
// false if name is not a device (DeviceNameUtils::ParseFullName in tensorflow/core/util/device_name_utils.cc and
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
			d.job = word[1]
		case len(word) == 2 && word[0] == "replica":
			d.replica = word[1]
		case len(word) == 2 && word[0] == "task":
			d.task = word[1]
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
	d.kind = strings.ToUpper(word[0])
	if len(word) == 2 {
		d.index = word[1]
	}
}

// deviceTypes returns the device types that can be written without `device:` before them.
func deviceTypes() []string {
	return []string{"CPU", "GPU", "TPU", "TPU_SYSTEM", "XLA_CPU", "XLA_GPU", "XLA_CPU_JIT", "XLA_GPU_JIT", "CUSTOM", "SYCL"}
}

// isDeviceType reports whether a part such as `gpu:0` names a device without `device:` before it.
func isDeviceType(word string) bool {
	return slices.Contains(deviceTypes(), strings.ToUpper(word))
}

// String returns the parts of the device in TensorFlow's full spelling, `/job:ps/replica:0/task:1/device:GPU:0`.
func (d Device) String() string {
	var b strings.Builder
	write := func(label, value string) {
		if value != "" {
			b.WriteString(label)
			b.WriteString(value)
		}
	}
	write("/job:", d.job)
	write("/replica:", d.replica)
	write("/task:", d.task)
	write("/device:", d.kind)
	if d.kind != "" && d.index != "" {
		b.WriteString(":" + d.index)
	}
	return b.String()
}

// NormalDevice returns the full spelling of a device string, or the string itself if it is not a device.
func NormalDevice(name string) string {
	if d, ok := ParseDevice(name); ok {
		return d.String()
	}
	return name
}
