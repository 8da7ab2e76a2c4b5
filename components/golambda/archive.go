package golambda

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// maxZipSize is the largest archive that Lambda takes by direct upload
// (Lambda developer guide, "Lambda quotas").
const maxZipSize = 50 << 20

// bootstrap is the executable that provided.al2023 looks for in the archive's root.
const bootstrap = "bootstrap"

// pack returns a zip archive with binary as its executable, and with the files
// beside it. The time of the entries is fixed, at the earliest that the zip format
// knows.
func pack(binary []byte, files map[string]string, limit int) ([]byte, error) {
	var contents bytes.Buffer
	archive := zip.NewWriter(&contents)
	if err := add(archive, bootstrap, 0o755, binary); err != nil {
		return nil, err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := add(archive, name, 0o644, []byte(files[name])); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, fmt.Errorf("zipping bootstrap: %w", err)
	}
	if contents.Len() > limit {
		return nil, fmt.Errorf("zipping bootstrap: the archive has %d bytes, Lambda takes %d by direct upload: import fewer packages", contents.Len(), limit)
	}
	return contents.Bytes(), nil
}

func add(archive *zip.Writer, name string, mode fs.FileMode, content []byte) error {
	header := &zip.FileHeader{
		Name:     name,
		Method:   zip.Deflate,
		Modified: time.Date(1980, time.January, 1, 0, 0, 0, 0, time.UTC),
	}
	header.SetMode(mode)
	entry, err := archive.CreateHeader(header)
	if err == nil {
		_, err = entry.Write(content)
	}
	if err != nil {
		return fmt.Errorf("zipping %s: %w", name, err)
	}
	return nil
}

// unpack returns the binary in an archive that pack made, and the files beside it.
func unpack(contents []byte) (binary []byte, files map[string]string, err error) {
	archive, err := zip.NewReader(bytes.NewReader(contents), int64(len(contents)))
	if err != nil {
		return nil, nil, err
	}
	files = map[string]string{}
	for _, entry := range archive.File {
		content, err := fs.ReadFile(archive, entry.Name)
		if err != nil {
			return nil, nil, err
		}
		if entry.Name == bootstrap {
			binary = content
		} else {
			files[entry.Name] = string(content)
		}
	}
	return binary, files, nil
}
