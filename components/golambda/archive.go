package golambda

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"time"
)

// maxZipSize is the largest archive that Lambda takes by direct upload
// (Lambda developer guide, "Lambda quotas").
const maxZipSize = 50 << 20

// pack returns a zip archive with binary as its only entry: an executable
// named bootstrap, which provided.al2023 looks for in the archive's root. The
// time of the entry is fixed, at the earliest that the zip format knows.
func pack(binary []byte, limit int) ([]byte, error) {
	header := &zip.FileHeader{
		Name:     "bootstrap",
		Method:   zip.Deflate,
		Modified: time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC),
	}
	header.SetMode(0o755)
	var contents bytes.Buffer
	archive := zip.NewWriter(&contents)
	entry, err := archive.CreateHeader(header)
	if err != nil {
		return nil, fmt.Errorf("zipping bootstrap: %w", err)
	}
	if _, err := entry.Write(binary); err != nil {
		return nil, fmt.Errorf("zipping bootstrap: %w", err)
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("zipping bootstrap: %w", err)
	}
	if contents.Len() > limit {
		return nil, fmt.Errorf("zipping bootstrap: the archive has %d bytes, Lambda takes %d by direct upload: import fewer packages", contents.Len(), limit)
	}
	return contents.Bytes(), nil
}

// unpack returns the binary in an archive that pack made.
func unpack(contents []byte) ([]byte, error) {
	archive, err := zip.NewReader(bytes.NewReader(contents), int64(len(contents)))
	if err != nil {
		return nil, err
	}
	entry, err := archive.Open("bootstrap")
	if err != nil {
		return nil, err
	}
	defer func() { _ = entry.Close() }()
	return io.ReadAll(entry)
}
