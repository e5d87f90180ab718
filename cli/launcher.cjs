#!/usr/bin/env node
// The `holt` command. Plain JavaScript that any Node parses, so that an old one can say what is missing instead of
// stumbling over syntax. It finds a Node that can run Holt and the program to run: `dist/` where it was built, else the
// sources of a clone. It never outlives what it starts and never decides anything else.

'use strict'

var fs = require('fs')
var path = require('path')
var url = require('url')

var NODE_MAJOR_MIN = 22
// sysexits.h EX_CONFIG: the machine is not set up for this.
var EXIT_WRONG_NODE = 78
// Enough threads for a batch of files that are written and synced together; libuv has 4.
var THREADS = '64'

var root = path.join(__dirname, '..')
var built = path.join(root, 'dist', 'cli', 'main.js')
var source = path.join(root, 'cli', 'main.ts')
var newerNode = path.join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

if (!process.env.UV_THREADPOOL_SIZE) process.env.UV_THREADPOOL_SIZE = THREADS
launch()

function launch() {
  var isBuilt = fs.existsSync(built)
  var isModern = Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN
  if (isModern && (isBuilt || readsTypes())) return runHere(isBuilt ? built : source)
  if (fs.existsSync(newerNode)) return runThere(isBuilt ? built : source)
  if (isModern) return refuse('Holt is not built here. Run "npm install && npm run build" in ' + root + '.')
  refuse(
    'Holt needs Node ' +
      NODE_MAJOR_MIN +
      ' or newer, and this is ' +
      process.version +
      '. Install a newer Node and try again.',
  )
}

function readsTypes() {
  return Boolean(process.features.typescript) && fs.existsSync(source)
}

function runHere(program) {
  process.argv[1] = program
  // A dynamic import is a syntax error only for Nodes that are far older than any that npm still installs.
  import(url.pathToFileURL(program).href).catch(fail)
}

function runThere(program) {
  var child = require('child_process').spawn(newerNode, [program].concat(process.argv.slice(2)), { stdio: 'inherit' })
  // A terminal sends Ctrl-C to both of us; a signal to this process alone is passed on.
  var passed = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT']
  passed.forEach(function (signal) {
    process.on(signal, function () {
      if (!(process.stdin.isTTY && (signal === 'SIGINT' || signal === 'SIGQUIT'))) child.kill(signal)
    })
  })
  child.on('error', fail)
  child.on('exit', function (status, signal) {
    if (signal === null) {
      process.exitCode = status
      return
    }
    // Ends as the child did, so that a shell sees the same.
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
  })
}

function refuse(sentence) {
  process.stderr.write(sentence + '\n')
  process.exitCode = EXIT_WRONG_NODE
}

function fail(error) {
  process.stderr.write('holt: ' + (error && error.stack ? error.stack : error) + '\n')
  process.exitCode = 1
}
