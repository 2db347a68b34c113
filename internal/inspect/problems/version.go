package problems

import (
	"regexp"
	"strings"
)

// versionPattern matches versions in the liberal form of PEP 440 that Python's packaging.version accepts. TensorFlow passes
// tensorflow_version to packaging.version.parse (tensorflow/python/framework/meta_graph.py).
const versionPattern = `(?i)^v?` +
	`(?:[0-9]+!)?` + // epoch
	`[0-9]+(?:\.[0-9]+)*` + // release
	`(?:[-_.]?(?:alpha|beta|preview|pre|a|b|c|rc)[-_.]?[0-9]*)?` + // pre-release
	`(?:-[0-9]+|[-_.]?(?:post|rev|r)[-_.]?[0-9]*)?` + // post-release
	`(?:[-_.]?dev[-_.]?[0-9]*)?` + // development release
	`(?:\+[a-z0-9]+(?:[-_.][a-z0-9]+)*)?$` // local version

// validVersion reports whether TensorFlow can parse a tensorflow_version, which must not be empty.
func validVersion(version string) bool {
	return regexp.MustCompile(versionPattern).MatchString(strings.TrimSpace(version))
}
