package page

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/metagraph/metagraph/internal/parallel"
)

//go:embed web/*.js web/page.css web/page.html
var web embed.FS

//go:embed dagre/dagre.min.js dagre/LICENSE.txt
var dagre embed.FS

// modules are the scripts of the page. Each comes after the modules that it imports.
var modules = []string{"text.js", "data.js", "graph.js", "items.js", "layout.js", "color.js", "canvas.js", "search.js", "facts.js",
	"details.js", "tables.js", "treemap.js", "changes.js", "main.js"}

// importLine and exportWord match what joining the modules removes.
var (
	importLine = regexp.MustCompile(`(?m)^import .*\n`)
	exportWord = regexp.MustCompile(`(?m)^export `)
)

// script returns the modules joined into one. Their top-level names are distinct, which a test checks.
var script = sync.OnceValue(func() string {
	var b strings.Builder
	b.WriteString("\n")
	for _, name := range modules {
		text := exportWord.ReplaceAllString(importLine.ReplaceAllString(asset(web, "web/"+name), ""), "")
		b.WriteString(strings.TrimSpace(text) + "\n")
	}
	return b.String()
})

// asset returns an embedded file.
func asset(files embed.FS, name string) string {
	b, err := files.ReadFile(name)
	if err != nil {
		panic(err) // the file is part of the program
	}
	return string(b)
}

// writeDocument writes the HTML file: page.html with its placeholders filled in.
func writeDocument(w io.Writer, title string, blocks []block) error {
	layout := "\n/* dagre 3.1.3\n" + asset(dagre, "dagre/LICENSE.txt") + "*/\n" + asset(dagre, "dagre/dagre.min.js")
	style := asset(web, "web/page.css")
	packed, err := pack(blocks)
	if err != nil {
		return err
	}
	policy := fmt.Sprintf("default-src 'none'; script-src %s %s; style-src %s; base-uri 'none'; form-action 'none'",
		hash(layout), hash(script()), hash(style))
	for i, part := range strings.Split(asset(web, "web/page.html"), "{{") {
		name, rest, found := strings.Cut(part, "}}")
		if i == 0 || !found {
			name, rest = "", part
		}
		var text string
		switch name {
		case "policy":
			text = html.EscapeString(policy)
		case "title":
			text = html.EscapeString(strings.Map(visible, title))
		case "style":
			text = style
		case "layout":
			text = layout
		case "script":
			text = script()
		case "data":
			if err := writeBlocks(w, blocks, packed); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(w, text+rest); err != nil {
			return err
		}
	}
	return nil
}

// visible returns r, or the replacement character if r is not printable. A file name can hold control characters.
func visible(r rune) rune {
	if strconv.IsPrint(r) {
		return r
	}
	return utf8.RuneError
}

// hash returns the source expression that allows an inline script or style.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// pack compresses the blocks.
func pack(blocks []block) ([][]byte, error) {
	packed := make([][]byte, 0, len(blocks))
	err := parallel.Ordered(slices.Values(blocks), compress, func(data []byte) error {
		packed = append(packed, data)
		return nil
	})
	return packed, err
}

func compress(b block) ([]byte, error) {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	var err error
	if b.stream != nil {
		err = b.stream(z)
	} else {
		_, err = z.Write(b.data)
	}
	err = cmp.Or(err, z.Close())
	return out.Bytes(), err
}

// writeBlocks writes each block as a script element that browsers do not run.
func writeBlocks(w io.Writer, blocks []block, packed [][]byte) error {
	for i, b := range blocks {
		if _, err := fmt.Fprintf(w, "<script type=\"application/gzip\" id=\"data-%s\">", b.name); err != nil {
			return err
		}
		encoder := base64.NewEncoder(base64.StdEncoding, w)
		if _, err := encoder.Write(packed[i]); err != nil {
			return err
		}
		if err := encoder.Close(); err != nil {
			return err
		}
		if _, err := io.WriteString(w, "</script>\n"); err != nil {
			return err
		}
	}
	return nil
}
