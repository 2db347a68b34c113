package main

import (
	"runtime"
	"runtime/debug"
	"strings"
)

// released is set by the linker in release builds. Elsewhere the version comes from the build info.
var released string

// version returns what --version prints: the version, and in parentheses the commit, its date, and the version of Go.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: runtime.Version()}
	}
	number := released
	if number == "" {
		number = info.Main.Version
	}
	if number == "" {
		number = "(devel)"
	}
	settings := make(map[string]string)
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	var details []string
	if commit := settings["vcs.revision"]; commit != "" {
		commit = commit[:min(len(commit), 12)]
		if settings["vcs.modified"] == "true" {
			commit += " with changes"
		}
		details = append(details, "commit "+commit)
	}
	if date, _, _ := strings.Cut(settings["vcs.time"], "T"); date != "" {
		details = append(details, date)
	}
	return number + " (" + strings.Join(append(details, info.GoVersion+" "+runtime.GOOS+"/"+runtime.GOARCH), ", ") + ")"
}
