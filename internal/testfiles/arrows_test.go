package testfiles_test

import (
	"go/ast"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/metagraph/metagraph/internal/testfiles"
)

// TestArrowsExist: each import that a rule house-* of .golangci.yml allows exists, and each package below internal has a rule.
func TestArrowsExist(t *testing.T) {
	config, err := os.ReadFile(testfiles.Path(t, ".golangci.yml"))
	if err != nil {
		t.Fatal(err)
	}
	imports := make(map[string][]string) // by folder
	eachSource(t, func(folder, name string, file *ast.File) {
		if !strings.HasPrefix(folder, "internal/") || strings.HasSuffix(name, "_test.go") {
			return
		}
		imports[folder+"/"] = append(imports[folder+"/"], "")
		for _, spec := range file.Imports {
			if path, ok := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module+"/"); ok {
				imports[folder+"/"] = append(imports[folder+"/"], path+"/")
			}
		}
	})
	ruled := map[string]bool{"internal/proto/gen/": true} // a module of its own
	for _, rule := range regexp.MustCompile(`(?m)^        (house-[\w-]+):\n(( {10}.*\n)+)`).FindAllStringSubmatch(string(config), -1) {
		pattern := regexp.MustCompile(`\$\{base-path\}/([^"]+/)(\*\*|\*\.go)"`).FindStringSubmatch(rule[2])
		used := make(map[string]bool)
		for folder, paths := range imports {
			if folder == pattern[1] || pattern[2] == "**" && strings.HasPrefix(folder, pattern[1]) {
				ruled[folder] = true
				for _, path := range paths {
					used[path] = true
				}
			}
		}
		for _, allowed := range regexp.MustCompile(regexp.QuoteMeta(module)+`/(\S+)`).FindAllStringSubmatch(rule[2], -1) {
			if !slices.ContainsFunc(slices.Collect(maps.Keys(used)), func(path string) bool { return strings.HasPrefix(path, allowed[1]+"/") }) {
				t.Errorf("rule %s allows %s, which nothing imports", rule[1], allowed[1])
			}
		}
	}
	for folder := range imports {
		if !ruled[folder] {
			t.Errorf("no rule of .golangci.yml is about %s", folder)
		}
	}
}
