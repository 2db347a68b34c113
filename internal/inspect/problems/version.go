package problems

import (
	"regexp"
	"strings"
)

// A version as PEP 440 spells one, in the liberal form that Python's packaging.version reads: packaging.version.parse is what
// TensorFlow gives tensorflow_version to (tensorflow/python/framework/meta_graph.py).
const versionPattern = `(?i)^v?` +
	`(?:[0-9]+!)?` + // epoch
	`[0-9]+(?:\.[0-9]+)*` + // release
	`(?:[-_.]?(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?[0-9]*)?` + // pre-release
	`(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?` + // post-release
	`(?:[-_.]?dev[-_.]?[0-9]*)?` + // development release
	`(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?$` // local version

// validVersion reports whether TensorFlow can read a tensorflow_version, which must not be empty.
func validVersion(version string) bool {
	return regexp.MustCompile(versionPattern).MatchString(strings.TrimSpace(version))
}
