"""The local cloud: template.yaml, built and deployed by the SAM CLI into MiniStack, beside a sample newsroom.

All of it listens on 127.0.0.1 only.

``cloud.up`` starts it or finds it again, ``cloud.down`` stops it, ``cloud.status`` looks. All state is in one folder,
``./.dateline``::

    cloud.json      what was deployed, and whether it was stopped cleanly
    env.json        the functions' environment, for `sam local invoke --env-vars` and infra.emulator
    ministack.log   what MiniStack and the functions print; newsroom.log and sam.log likewise
    build/          the bundles, for this machine
    state/ s3/      MiniStack's tables and queues, written when it stops, and the buckets' objects, written at once
    newsroom/       see infra.newsroom

Two checkouts, or two folders, run side by side: each finds ports of its own.
"""
