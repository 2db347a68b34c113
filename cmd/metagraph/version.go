package main

import "runtime/debug"

// released is set by the linker in release builds. Elsewhere the version comes out of the build info.
var released string

// version returns what --version says.
func version() string {
	if released != "" {
		return released
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v == "" {
		v = "(devel)"
	}
	return v
}
