package testfiles

import (
	"runtime/debug"
	"slices"
)

// Raced reports whether the tests are built with the race detector. It allocates for its own purposes and needs terabytes of address
// space, so limits of memory do not hold under it.
func Raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
