"""Names of files with captures."""

WARC = (".warc", ".warc.gz", ".warc.zst", ".warc.zstd", ".arc", ".arc.gz")
WACZ = ".wacz"
ARCHIVES = (*WARC, WACZ)
