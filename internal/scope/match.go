package scope

import "github.com/metagraph/metagraph/internal/match"

// A Glob is a match.Glob.
type Glob = match.Glob

// A DevicePattern is a match.DevicePattern.
type DevicePattern = match.DevicePattern

// ParseGlob is match.ParseGlob.
func ParseGlob(pattern string) (Glob, error) { return match.ParseGlob(pattern) }

// NormalDevice is match.NormalDevice.
func NormalDevice(name string) string { return match.NormalDevice(name) }

// ParseDevicePattern is match.ParseDeviceFilter.
func ParseDevicePattern(text string) (DevicePattern, error) { return match.ParseDeviceFilter(text) }
