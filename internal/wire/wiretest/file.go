package wiretest

// A File is a file in memory. It implements io.Writer, which appends, and io.WriterAt within what was written.
type File []byte

func (f *File) Write(p []byte) (int, error) {
	*f = append(*f, p...)
	return len(p), nil
}

// WriteAt implements io.WriterAt. It panics behind the end.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	return copy((*f)[off:off+int64(len(p))], p), nil
}
