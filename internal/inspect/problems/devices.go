package problems

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/metagraph/metagraph/internal/proto/fieldnum"
	"github.com/metagraph/metagraph/internal/wire"
)

// findInDevices checks the devices of nodes. Python parses them during the import. It skips nodes that are colocated with another
// node, because they get the device of that node (_ProcessNewOps in tensorflow/python/framework/importer.py).
func (f *problemFinder) findInDevices() {
	devices := f.g.Devices()
	wrong := make([]func() string, len(devices))
	pins := make([]bool, len(devices))
	looked := false
	for id, device := range devices {
		wrong[id] = wrongDevice(device)
		pins[id] = wrong[id] == nil && pinned(device)
		looked = looked || wrong[id] != nil || pins[id]
	}
	if !looked {
		return
	}
	colocated := f.g.Colocated()
	first, placed := make([]int, len(devices)), make([]int, len(devices))
	for i := range f.g.Len() {
		id := f.g.Device(i)
		for len(colocated) > 0 && int(colocated[0].Node) < i {
			colocated = colocated[1:]
		}
		switch {
		case pins[id]:
			if placed[id] == 0 {
				first[id] = i
			}
			placed[id]++
		case wrong[id] != nil:
			if len(colocated) > 0 && int(colocated[0].Node) == i && f.colocatedWithOther(i) {
				continue
			}
			f.found.add(invalidDevice, devices[id], f.node(i), wrong[id])
		}
	}
	for id, count := range placed {
		if count > 0 {
			f.found.addTimes(placedNodes, devices[id], count, f.node(first[id]), fixed("is placed on "+shown(devices[id])))
		}
	}
}

// colocatedWithOther reports whether _class puts node i into the colocation group of another node.
func (f *problemFinder) colocatedWithOther(i int) bool {
	f.g.Node(i, &f.scratch)
	value, _ := f.scratch.Attr("_class")
	for class := range wire.AttrList(value, fieldnum.AttrValue_ListValue_S) {
		if group, ok := strings.CutPrefix(string(class), wire.GroupPrefix); ok && group != string(f.scratch.Name) {
			return true
		}
	}
	return false
}

// pinned reports whether another machine may not have a device: any device except the first CPU without a specific job.
func pinned(device string) bool {
	for part := range strings.SplitSeq(device, "/") {
		fields := strings.Split(part, ":")
		kind := fields[0]
		if kind == "device" && len(fields) > 1 {
			kind, fields = fields[1], fields[1:]
		}
		switch strings.ToUpper(kind) {
		case "", "REPLICA":
		case "CPU":
			if len(fields) > 1 && fields[1] != "0" && fields[1] != "*" {
				return true
			}
		case "JOB":
			if len(fields) > 1 && fields[1] != "localhost" && fields[1] != "*" {
				return true
			}
		case "TASK":
			if len(fields) > 1 && fields[1] != "0" && fields[1] != "*" {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// wrongDevice returns why TensorFlow's Python rejects a device, or nil if it does not (DeviceSpec._string_to_components and the
// setters of tensorflow/python/framework/device_spec.py).
func wrongDevice(device string) func() string {
	var wrong string
	hasType := false
	number := func(s string) {
		if _, ok := pythonInt(s); !ok && wrong == "" {
			wrong = fmt.Sprintf("%q is not a number", s)
		}
	}
	kind := func() {
		if hasType && wrong == "" {
			wrong = "there is more than one device type"
		}
		hasType = true
	}
	for part := range strings.SplitSeq(device, "/") {
		fields := strings.Split(part, ":")
		switch {
		case len(fields) == 2 && fields[0] == "job":
		case len(fields) == 2 && (fields[0] == "replica" || fields[0] == "task"):
			number(fields[1])
		case len(fields) <= 2 && deviceTypes[strings.ToUpper(fields[0])]:
			kind()
			if len(fields) == 2 && fields[1] != "*" {
				number(fields[1])
			}
		case len(fields) == 3 && fields[0] == "device":
			kind()
			if fields[2] != "*" {
				number(fields[2])
			}
		case fields[0] != "" && wrong == "":
			wrong = fmt.Sprintf("TensorFlow does not know %q", fields[0])
		}
	}
	if wrong == "" {
		return nil
	}
	return func() string { return "device " + shown(device) + ": " + wrong }
}

// deviceTypes are the device types at the start of a device that TensorFlow accepts (DeviceSpecV2._get_valid_device_types).
var deviceTypes = map[string]bool{"CPU": true, "GPU": true, "TPU": true, "EPU": true, "CUSTOM": true}

// pythonInt returns the number that Python's int() returns for a string, or false if it fails. It allows surrounding white space, a
// sign, and single underscores between digits.
func pythonInt(s string) (int, bool) {
	s = strings.TrimFunc(s, unicode.IsSpace)
	digits := strings.TrimPrefix(s, "-")
	if digits == s {
		digits = strings.TrimPrefix(s, "+")
	}
	if digits == "" || digits[0] == '_' || digits[len(digits)-1] == '_' || strings.Contains(digits, "__") {
		return 0, false
	}
	digits = strings.ReplaceAll(digits, "_", "")
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		n = int(^uint(0) >> 1) // more than any index
	}
	if s[0] == '-' {
		n = -n
	}
	return n, true
}
