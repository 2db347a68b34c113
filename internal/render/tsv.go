package render

// showTSV prints a view as lines of tab-separated cells without headings. Each line starts with the given text. Next is the name of the
// section if several sections are printed, and then the title of the table if the section has several tables. So each column of a section
// has the same position for every file.
func showTSV(w *printer, v View, lines string, several bool) error {
	if v.lines != nil {
		v.Tables = []grid{*v.lines}
	}
	for i := range v.Tables {
		t := &v.Tables[i]
		prefix := lines
		if several {
			prefix += v.section + "\t"
		}
		if len(v.Tables) > 1 {
			prefix += t.title + "\t"
		}
		err := writeParts(w, t.eachRow(), func(w *printer) func([]string) error {
			key := ""
			return func(row []string) error {
				w.write(prefix)
				for c := range t.columns {
					if c > 0 {
						w.write("\t")
					}
					if c >= len(row) {
						continue
					}
					text := row[c]
					if t.noHead && c == 0 {
						// In a list of keys and values, a line without a key continues the previous key.
						if text == "" {
							text = key
						}
						key = text
					}
					w.write(Text(text))
				}
				w.write("\n")
				return w.err
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}
