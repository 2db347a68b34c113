package match

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/metagraph/metagraph/internal/nearest"
)

// A DevicePattern matches devices by meaning, whatever their spelling and whether in upper or lower case. It is a device in which
// each part may be a glob. A part that the pattern does not name matches anything: `/gpu:*` matches `/job:w/task:1/device:GPU:3`.
type DevicePattern struct {
	text                            string
	whole                           Glob // matches the spelling, for a pattern that is not a device
	job, replica, task, kind, index Glob
	byText                          bool
}

// A DevicePatternError reports that a text is not a device pattern.
type DevicePatternError struct {
	text    string
	Nearest string // a pattern that may have been meant, or ""
}

func (e *DevicePatternError) Error() string {
	return fmt.Sprintf("invalid device pattern %q (expected something like /gpu:0 or /job:ps/task:1)", e.text)
}

// ParseDevicePattern compiles a device pattern such as `/gpu:*`, `gpu` or `/job:ps*/task:[0-3]`. The error is a *DevicePatternError.
func ParseDevicePattern(text string) (DevicePattern, error) {
	p := DevicePattern{text: text}
	parts := strings.Split(strings.ToLower(strings.Trim(text, "/")), "/")
	for _, part := range parts {
		if !p.add(strings.Split(part, ":")) {
			return DevicePattern{}, &DevicePatternError{text: text, Nearest: nearestPattern(parts)}
		}
	}
	return p, nil
}

// ParseDeviceFilter compiles a device pattern, or else a glob that is compared with the whole spelling of a device, ignoring case. The
// error is that of ParseGlob. It is for filters that only select what to show, where the user sees what a typo selects.
func ParseDeviceFilter(text string) (DevicePattern, error) {
	if p, err := ParseDevicePattern(text); err == nil {
		return p, nil
	}
	glob, err := ParseGlob(strings.ToLower(text))
	return DevicePattern{text: text, whole: glob, byText: true}, err
}

// IsAccelerator reports whether a device ties a graph to certain hardware or to a cluster: any device but a CPU without a job.
func IsAccelerator(device string) bool {
	d, ok := ParseDevice(device)
	return device != "" && (!ok || d.kind != "CPU" || d.job != "")
}

// add adds one part of a pattern, in lower case and split at its colons. It reports false if it is not a part of a device or if the
// pattern names that part already.
func (p *DevicePattern) add(words []string) bool {
	label, values := words[0], words[1:]
	switch {
	case label == "job" && len(values) == 1:
		return setPart(&p.job, values[0], func(string) bool { return true })
	case label == "replica" && len(values) == 1:
		return setPart(&p.replica, values[0], isNumber)
	case label == "task" && len(values) == 1:
		return setPart(&p.task, values[0], isNumber)
	case label == "device" && (len(values) == 1 || len(values) == 2):
		return p.setType(values)
	case isDeviceType(label) && len(values) <= 1:
		return p.setType(words)
	}
	return false
}

// setType sets the type of device that the pattern matches, and the index if there is one.
func (p *DevicePattern) setType(words []string) bool {
	return setPart(&p.kind, words[0], isTypeName) && (len(words) == 1 || setPart(&p.index, words[1], isNumber))
}

// setPart sets a part of a pattern to a glob. A text without special characters must be valid. It reports false if it is not, or if the
// part is set already.
func setPart(part *Glob, text string, valid func(string) bool) bool {
	glob, err := ParseGlob(text)
	if err != nil || text == "" || part.pattern != "" || glob.literal && !valid(text) {
		return false
	}
	*part = glob
	return true
}

func isNumber(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// isTypeName reports whether s, in lower case, can be the type of a device: a word of letters, digits and underscores.
func isTypeName(s string) bool {
	return 'a' <= s[0] && s[0] <= 'z' &&
		!strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' })
}

// nearestPattern returns a device pattern that may have been meant, given the parts of a text, or "".
func nearestPattern(parts []string) string {
	labels := append([]string{"job", "replica", "task", "device"}, deviceTypes()...)
	var fixed []string
	for _, part := range parts {
		var p DevicePattern
		if p.add(strings.Split(part, ":")) {
			fixed = append(fixed, part)
			continue
		}
		label, value, _ := strings.Cut(part, ":")
		found := nearest.Name(strings.TrimRight(strings.Trim(label, "*?"), "0123456789"), labels)
		if found == "" {
			return ""
		}
		part = strings.ToLower(found)
		fixed = append(fixed, part+":"+cmp.Or(value, "*"))
	}
	var whole DevicePattern
	for _, part := range fixed {
		if !whole.add(strings.Split(part, ":")) {
			return ""
		}
	}
	return "/" + strings.Join(fixed, "/")
}

// String returns the text of the pattern.
func (p DevicePattern) String() string { return p.text }

// UnknownType returns the known device type that resembles the one that the pattern names, if the pattern names a type that TensorFlow
// does not have. It returns "" if the type is known, or unlike any known type: plug-ins can add types.
func (p DevicePattern) UnknownType() string {
	if p.kind.pattern == "" || !p.kind.literal || isDeviceType(p.kind.pattern) || slices.Contains(pluginTypes(), p.kind.pattern) {
		return ""
	}
	return nearest.Name(p.kind.pattern, deviceTypes())
}

// pluginTypes returns device types, in lower case, that well-known plug-ins and compilers register.
func pluginTypes() []string {
	return []string{"npu", "hpu", "xpu", "ipu", "mlu", "dml", "mps", "tpu_replicated_core", "composite", "remote_tpu"}
}

// Match reports whether the pattern matches a node's device. No pattern matches the empty device.
func (p DevicePattern) Match(device string) bool {
	if device == "" {
		return false
	}
	d, ok := ParseDevice(device)
	switch {
	case p.byText:
		return p.whole.Match(strings.ToLower(device)) || ok && p.whole.Match(strings.ToLower(d.String()))
	case !ok:
		return false
	}
	// `/gpu:*` also matches `/gpu`, which has no index, because that means any GPU. But `/job:*` needs a job.
	anyIndex := p.index.pattern == "*" && d.kind != ""
	return partMatches(p.job, d.job) && partMatches(p.replica, d.replica) && partMatches(p.task, d.task) &&
		partMatches(p.kind, d.kind) && (anyIndex || partMatches(p.index, d.index))
}

// partMatches reports whether a device has a part that the pattern matches, or whether the pattern does not name that part.
func partMatches(pattern Glob, part string) bool {
	return pattern.pattern == "" || part != "" && pattern.Match(strings.ToLower(part))
}
