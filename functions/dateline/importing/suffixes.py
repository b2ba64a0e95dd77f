"""Names of files with captures."""

ARC = (".arc", ".arc.gz")
WARC = (".warc", ".warc.gz", ".warc.zst", ".warc.zstd", *ARC)
WACZ = ".wacz"
ARCHIVES = (*WARC, WACZ)
