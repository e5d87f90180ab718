/** The folder on the disk keeps to what every `FileTree` keeps to. */

import { describeFileTree } from '../conformance/file-tree.ts'
import { openRealTree } from './real-tree.ts'

describeFileTree('on the disk', () => openRealTree())
