package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/metagraph/metagraph/internal/render"
	"github.com/metagraph/metagraph/internal/testfiles"
)

// pictured are the commands in docs/picture.svg.
var pictured = []string{"show train/", "clear-devices train/ cpu.meta", "show cpu.meta devices"}

// The size of the terminal in the picture: columns, and in pixels the size of a character, the margin and the title.
const (
	pictureColumns = 108
	characterWidth = 8
	lineHeight     = 18
	pictureMargin  = 18
	titleHeight    = 34
)

// TestPicture compares docs/picture.svg, which shows the tool at work for the README, with the actual output. With -update it draws
// the picture:
//
//	go test ./cmd/metagraph -run TestPicture -update
func TestPicture(t *testing.T) {
	path := testfiles.Path(t, "docs/picture.svg")
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(testfiles.Path(t, "testdata"))); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	var screen bytes.Buffer
	for _, args := range pictured {
		// Both streams go to one terminal, as for a user.
		env := &environment{stdin: strings.NewReader(""), stdout: &screen, stderr: &screen, stdoutTerminal: true, width: pictureColumns,
			notices: render.NoticeOptions{Width: pictureColumns, Color: true}}
		fmt.Fprintf(&screen, "\x1b[32m$\x1b[0m \x1b[1mmetagraph %s\x1b[0m\n", args)
		if code := runIn(context.Background(), strings.Fields(args), env); code == exitError {
			t.Fatalf("%s:\n%s", args, &screen)
		}
		screen.WriteString("\n")
	}
	if runtime.GOOS == "windows" {
		t.Skip("the picture shows a path with a slash")
	}
	want := terminalSVG(strings.TrimRight(screen.String(), "\n"))
	if err := xml.Unmarshal([]byte(want), new(struct{})); err != nil {
		t.Fatalf("the picture is not valid XML: %v", err)
	}
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./cmd/metagraph -run TestPicture -update draws it)", err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/picture.svg is stale; go test ./cmd/metagraph -run TestPicture -update draws it again (-want +got):\n%s", diff)
	}
}

// attribute matches the terminal's codes for text attributes (ECMA-48, Select Graphic Rendition).
var attribute = regexp.MustCompile("\x1b\\[([0-9;]*)m")

// looks maps these codes to SVG attributes.
var looks = map[string]string{"1": ` font-weight="bold" fill="#f0f6fc"`, "2": ` fill="#8b949e"`, "31": ` fill="#ff7b72"`, "32": ` fill="#7ee787"`, "33": ` fill="#e3b341"`}

// terminalSVG draws a terminal with the given text.
func terminalSVG(text string) string {
	var b, body strings.Builder
	row := 0
	for line := range strings.SplitSeq(text, "\n") {
		look, column := "", 0
		row++
		for line != "" {
			run, code := line, ""
			if at := attribute.FindStringSubmatchIndex(line); at != nil {
				run, code, line = line[:at[0]], line[at[2]:at[3]], line[at[1]:]
			} else {
				line = ""
			}
			for characters := []rune(run); len(characters) > 0; {
				if column == pictureColumns { // a terminal wraps here
					row, column = row+1, 0
				}
				n := min(len(characters), pictureColumns-column)
				drawRun(&body, string(characters[:n]), look, column, titleHeight+row*lineHeight-4)
				characters, column = characters[n:], column+n
			}
			look = looks[code]
		}
	}
	width, height := 2*pictureMargin+pictureColumns*characterWidth, titleHeight+row*lineHeight+pictureMargin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" role="img" aria-label="metagraph in a terminal">`+"\n", width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" rx="9" fill="#0d1117" stroke="#30363d"/>`+"\n", width, height)
	for i, color := range []string{"#ff5f57", "#febc2e", "#28c840"} {
		fmt.Fprintf(&b, `<circle cx="%d" cy="17" r="6" fill="%s"/>`+"\n", pictureMargin+4+20*i, color)
	}
	b.WriteString(`<g font-family="ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="13" fill="#c9d1d9" xml:space="preserve">` + "\n")
	return b.String() + body.String() + "</g>\n</svg>\n"
}

// drawRun draws text with the same attributes. Its width is that of its characters on the terminal, for any font.
func drawRun(b *strings.Builder, run, look string, column, y int) {
	text := strings.TrimLeft(run, " ")
	column += len(run) - len(text)
	if text = strings.TrimRight(text, " "); text == "" {
		return
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" textLength="%d"%s>`, pictureMargin+column*characterWidth, y, utf8.RuneCountInString(text)*characterWidth, look)
	_ = xml.EscapeText(b, []byte(text)) // a Builder never fails
	b.WriteString("</text>\n")
}
