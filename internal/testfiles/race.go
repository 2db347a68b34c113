package testfiles

import (
	"runtime/debug"
	"slices"
)

// Raced reports whether the tests are built with the race detector. It allocates memory itself and needs terabytes of address
// space, so memory limits do not apply.
func Raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
